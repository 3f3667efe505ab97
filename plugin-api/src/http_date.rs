//! Moments as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`.
//!
//! Only this form: the two older ones (RFC 9110, section 5.6.7) have not been sent for
//! decades, and a date that is not understood costs no more than a wait of the host's own.

const MONTHS: [(&str, u64); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];

/// Seconds since 1970-01-01 UTC; `None` for anything that is no such moment, and before 1970.
/// The day of the week is not compared with the date.
pub(crate) fn seconds_since_1970(text: &str) -> Option<u64> {
    let (weekday, moment) = text.trim().split_once(", ")?;
    let [day, month, year, time, "GMT"] = moment.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let [hours, minutes, seconds] = time.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    let year = number(year, 4).filter(|&year| year >= 1970)?;
    let day = days_before(month, year, number(day, 2)?)?;
    let hours = number(hours, 2).filter(|&hours| hours < 24)?;
    let minutes = number(minutes, 2).filter(|&minutes| minutes < 60)?;
    // 60 is a leap second.
    let seconds = number(seconds, 2).filter(|&seconds| seconds <= 60)?;
    (weekday.len() == 3).then_some(((day * 24 + hours) * 60 + minutes) * 60 + seconds)
}

/// Whole days from 1970-01-01 to that date; `None` if the calendar has no such date.
fn days_before(month: &str, year: u64, day: u64) -> Option<u64> {
    let index = MONTHS.iter().position(|(name, _)| *name == month)?;
    let leap_day = u64::from(is_leap(year));
    let in_month = MONTHS[index].1 + if index == 1 { leap_day } else { 0 };
    if !(1..=in_month).contains(&day) {
        return None;
    }
    let years = (year - 1970) * 365 + leap_days_before(year) - leap_days_before(1970);
    let months: u64 = MONTHS[..index].iter().map(|(_, days)| days).sum();
    Some(years + months + if index > 1 { leap_day } else { 0 } + day - 1)
}

fn is_leap(year: u64) -> bool {
    leap_days_before(year + 1) > leap_days_before(year)
}

fn leap_days_before(year: u64) -> u64 {
    let past = year - 1;
    past / 4 - past / 100 + past / 400
}

/// Exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u64> {
    let all_digits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_by_the_calendar_or_not_at_all() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            // The example of the RFC.
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
            ("Wed, 01 Mar 2000 00:00:00 GMT", Some(951_868_800)),
            ("Sat, 21 Nov 2026 12:00:00 GMT", Some(1_795_262_400)),
            ("Fri, 31 Dec 9999 23:59:60 GMT", Some(253_402_300_800)),
            ("Mon, 29 Feb 2100 00:00:00 GMT", None),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Non 1994 08:49:37 GMT", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, +6 Nov 1994 08:49:37 GMT", None),
            ("", None),
        ] {
            assert_eq!(seconds_since_1970(text), seconds, "{text}");
        }
    }
}
