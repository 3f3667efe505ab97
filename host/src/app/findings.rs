//! What a want-list could not give, in sentences.

use crate::plan::generate::Findings;

/// So many rows of one file are printed; the report has them all.
const ROWS_SHOWN: usize = 10;

/// Entries and rows that could not be read, one warning each.
pub(crate) fn warnings(findings: &Findings) -> Vec<String> {
    let mut warnings: Vec<String> = findings
        .failed
        .iter()
        .map(|failed| match failed.line {
            Some(line) => format!("left out (config line {line}): {}", failed.error),
            None => format!("left out: {}", failed.error),
        })
        .collect();
    for of_entry in &findings.rows {
        for row in of_entry.rows.iter().take(ROWS_SHOWN) {
            warnings.push(match row.line {
                Some(line) => format!("{}:{line}: {} [{}]", of_entry.entry, row.reason, row.text),
                None => format!("{}: {}", of_entry.entry, row.reason),
            });
        }
        if of_entry.rows.len() > ROWS_SHOWN {
            warnings.push(format!(
                "{}: {} more rows; all are in the report of the run",
                of_entry.entry,
                of_entry.rows.len() - ROWS_SHOWN
            ));
        }
    }
    warnings
}
