//! A terminal as an SVG, for the README: what was typed and what came of it.

use std::fmt::Write as _;

/// Pixels a character and a line take in the picture's font size.
const COLUMN: usize = 8;
const ROW: usize = 18;
const MARGIN: usize = 20;

/// Draws a command, what it printed, and the tree it made of a folder of the library.
pub(crate) fn draw(command: &str, printed: &[String], folder: &str, tree: &[String]) -> String {
    let typed = |text: &str| (format!("$ {text}"), "#7ee787");
    let mut lines = vec![typed(command)];
    lines.extend(printed.iter().map(|line| (line.clone(), "#e6edf3")));
    lines.push(typed(&format!("tree 'target/quickstart/music/{folder}'")));
    lines.extend(tree.iter().map(|line| (line.clone(), "#a5d6ff")));

    let columns = lines.iter().map(|(line, _)| width(line)).max().unwrap_or(0);
    let (wide, high) = (
        columns * COLUMN + 2 * MARGIN,
        lines.len() * ROW + 2 * MARGIN,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" \
         height=\"{high}\">\n<rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"#0d1117\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"13\" xml:space=\"preserve\">\n"
    );
    for ((line, colour), number) in lines.iter().zip(1..) {
        let y = MARGIN + number * ROW - 5;
        writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{y}\" fill=\"{colour}\">{}</text>",
            escaped(line)
        )
        .expect("a string takes any text");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Columns of a terminal; ideographs take two.
fn width(line: &str) -> usize {
    line.chars()
        .map(|c| {
            if ('\u{1100}'..='\u{ffef}').contains(&c) && !('\u{2500}'..='\u{257f}').contains(&c) {
                2
            } else {
                1
            }
        })
        .sum()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
