//! The table of the requirements: every row has exactly one answer, of three.

use std::collections::BTreeMap;

/// The rows are M1 to this one.
const LAST: u32 = 281;

/// How far a row holds.
const ANSWERS: [&str; 3] = ["held", "partly", "not yet"];

/// Rows that are missing, there twice, or have another answer.
pub(super) fn faults(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
    let mut faults = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("| M")) {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (rows, answer) = (cells.next().unwrap_or_default(), cells.next());
        if !answer.is_some_and(|answer| ANSWERS.contains(&answer)) {
            faults.push(format!("{rows} is neither of {ANSWERS:?}"));
        }
        if cells.next().is_none_or(str::is_empty) {
            faults.push(format!(
                "{rows} says neither what shows it nor what is missing"
            ));
        }
        match numbers(rows) {
            Some(rows) => rows
                .into_iter()
                .for_each(|row| *seen.entry(row).or_default() += 1),
            None => faults.push(format!("`{rows}` is not a list of rows")),
        }
    }
    let times = |row: u32| seen.get(&row).copied().unwrap_or_default();
    for row in (1..=LAST).filter(|row| times(*row) != 1) {
        faults.push(format!("M{row} is there {} times", times(row)));
    }
    for row in seen.keys().filter(|row| !(1..=LAST).contains(*row)) {
        faults.push(format!("there is no M{row}"));
    }
    faults
}

/// `M2`, `M12-M16`, and lists of both.
fn numbers(rows: &str) -> Option<Vec<u32>> {
    let number = |row: &str| row.trim().strip_prefix('M')?.parse::<u32>().ok();
    let mut numbers = Vec::new();
    for part in rows.split(',') {
        match part.split_once('-') {
            Some((first, last)) => numbers.extend(number(first)?..=number(last)?),
            None => numbers.push(number(part)?),
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists_are_rows() {
        assert_eq!(numbers("M2"), Some(vec![2]));
        assert_eq!(numbers("M2, M5-M7"), Some(vec![2, 5, 6, 7]));
        assert_eq!(numbers("M2, 7"), None);
    }

    #[test]
    fn each_row_has_one_answer_of_three() {
        let whole = "| row | state | shown by |\n|---|---|---|\n\
                     | M1-M280 | held | `x` |\n| M281 | not yet | a catalog |\n";
        assert_eq!(faults(whole), [""; 0]);
        let broken = "| M1-M279 | held | `x` |\n| M279 | maybe | |\n| M281, M282 | partly | y |\n";
        assert_eq!(
            faults(broken),
            [
                "M279 is neither of [\"held\", \"partly\", \"not yet\"]",
                "M279 says neither what shows it nor what is missing",
                "M279 is there 2 times",
                "M280 is there 0 times",
                "there is no M282",
            ]
        );
    }
}
