//! Text -> pieces. Reads brackets and names; whether the whole makes a path is `template`'s.

use super::{Field, Piece, TemplateError};

/// # Errors
/// For an unknown field and for brackets that do not fit together.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut reader = Reader {
        chars: text.chars().collect(),
        at: 0,
    };
    let mut pieces = Vec::new();
    let mut section: Option<(usize, Vec<Piece>)> = None;
    while let Some(c) = reader.next() {
        let column = reader.at;
        let doubled = matches!(c, '{' | '}' | '[' | ']') && reader.peek() == Some(c);
        let inside = section.is_some();
        let target = section.as_mut().map_or(&mut pieces, |(_, inner)| inner);
        match c {
            _ if doubled => {
                reader.next();
                push_char(target, c);
            }
            '{' => target.push(Piece::Field(reader.field(column)?)),
            '[' if inside => return Err(TemplateError::NestedSection { column }),
            '[' => section = Some((column, Vec::new())),
            ']' => match section.take() {
                Some(ended) => pieces.push(close(ended)?),
                None => {
                    return Err(TemplateError::Unbalanced {
                        bracket: ']',
                        column,
                    });
                }
            },
            '}' => {
                return Err(TemplateError::Unbalanced {
                    bracket: '}',
                    column,
                });
            }
            '/' => target.push(Piece::Separator),
            _ => push_char(target, c),
        }
    }
    match section {
        Some((column, _)) => Err(TemplateError::Unbalanced {
            bracket: '[',
            column,
        }),
        None => Ok(pieces),
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// The field whose brace at `column` was just read.
    fn field(&mut self, column: usize) -> Result<Field, TemplateError> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                Some(c) if c.is_alphanumeric() || matches!(c, '_' | '-' | ' ') => name.push(c),
                Some(_) | None => {
                    return Err(TemplateError::Unbalanced {
                        bracket: '{',
                        column,
                    });
                }
            }
        }
        Field::named(&name).ok_or_else(|| TemplateError::UnknownField {
            nearest: Field::nearest(&name),
            name,
            column,
        })
    }
}

fn push_char(pieces: &mut Vec<Piece>, c: char) {
    if let Some(Piece::Text(text)) = pieces.last_mut() {
        text.push(c);
    } else {
        pieces.push(Piece::Text(c.into()));
    }
}

fn close((column, pieces): (usize, Vec<Piece>)) -> Result<Piece, TemplateError> {
    if pieces.iter().any(|piece| matches!(piece, Piece::Field(_))) {
        Ok(Piece::Section(pieces))
    } else {
        Err(TemplateError::SectionWithoutField { column })
    }
}
