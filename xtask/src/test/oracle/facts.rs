//! Whether the phone's facts are ExifTool's.
//!
//! The rule: a place of zero, nothing or out of range, a time of zeros and
//! an orientation outside 1 to 8 are unknown. What is left must be there, and nothing else may be.

use serde_json::{Map, Value};

/// What was counted, over all files.
#[derive(Default)]
pub(super) struct Tally {
    /// Facts that are known by the rule.
    pub(super) known: usize,
    /// Those that the phone tells alike.
    pub(super) equal: usize,
    /// What the phone tells and ExifTool does not.
    pub(super) invented: usize,
    /// The rest, for a person.
    pub(super) differences: Vec<String>,
}

/// The facts that the corpus lists.
const KEYS: &[&str] =
    &["time", "subsec", "offset", "lat", "lon", "alt", "gps_utc", "make", "model", "orientation"];

/// Degrees and metres are equal if they differ by less: ExifTool prints 15 digits.
const CLOSE: f64 = 1e-9;

impl Tally {
    /// Compares what is `listed` of the file `name` with what the phone `read`.
    pub(super) fn compare(&mut self, name: &str, listed: &Map<String, Value>, read: &Value) {
        let listed = known(listed);
        let read = as_listed(read);
        for key in KEYS {
            match (listed.get(*key), read.get(*key)) {
                (None, None) => {}
                (None, Some(_)) => {
                    self.invented += 1;
                    self.differences.push(format!("{name}: {key} is invented"));
                }
                (Some(listed), Some(read)) if equal(listed, read) => {
                    self.known += 1;
                    self.equal += 1;
                }
                (Some(_), read) => {
                    self.known += 1;
                    let how = if read.is_some() { "another value" } else { "missing" };
                    self.differences.push(format!("{name}: {key} is {how}"));
                }
            }
        }
    }
}

/// What is listed, without what the rule calls unknown.
fn known(listed: &Map<String, Value>) -> Map<String, Value> {
    let mut known = listed.clone();
    let number = |key: &str| listed.get(key).and_then(Value::as_f64);
    let place = number("lat").zip(number("lon"));
    let real = |(lat, lon): (f64, f64)| {
        (lat, lon) != (0.0, 0.0) && lat.abs() <= 90.0 && lon.abs() <= 180.0
    };
    if !place.is_some_and(real) {
        known.retain(|key, _| key != "lat" && key != "lon");
        // Beside a place that was withheld a height of zero was, too.
        if place.is_some() && number("alt") == Some(0.0) {
            known.remove("alt");
        }
    }
    if number("orientation").is_some_and(|value| !(1.0..=8.0).contains(&value)) {
        known.remove("orientation");
    }
    let time = listed.get("time").and_then(Value::as_str).unwrap_or_default();
    if time.starts_with("0000") {
        known.remove("time");
    }
    // Films' times carry their offset.
    if let (Some(time), Some(offset)) = (time.get(..19), time.get(19..).filter(|o| !o.is_empty())) {
        known.insert("time".into(), time.into());
        known.insert("offset".into(), offset.into());
    }
    known
}

/// What the phone read, by the corpus's keys.
fn as_listed(read: &Value) -> Map<String, Value> {
    let mut facts = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            facts.insert(key.into(), value);
        }
    };
    let stamp = |text: &str| text.replace('-', ":").replace('T', " ");
    let taken = read["taken_at"].as_str().map(|taken| taken.split_once('.').unwrap_or((taken, "")));
    put("time", taken.map(|(time, _)| stamp(time)).into());
    put("subsec", taken.map(|(_, subsec)| subsec).filter(|subsec| !subsec.is_empty()).into());
    put("gps_utc", read["position_at"].as_str().map(stamp).into());
    let same = [("lat", "latitude"), ("lon", "longitude"), ("alt", "altitude_m")];
    let others = ["offset", "make", "model", "orientation"].map(|key| (key, key));
    for (key, ours) in same.into_iter().chain(others) {
        put(key, read[ours].clone());
    }
    facts
}

fn equal(listed: &Value, read: &Value) -> bool {
    match (listed.as_f64(), read.as_f64()) {
        (Some(listed), Some(read)) => (listed - read).abs() < CLOSE,
        _ => word(listed) == word(read),
    }
}

/// A value as text: the corpus writes some digits as numbers.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tally(listed: &Value, read: &Value) -> (usize, usize, usize) {
        let mut tally = Tally::default();
        tally.compare("a file", listed.as_object().unwrap(), read);
        (tally.known, tally.equal, tally.invented)
    }

    #[test]
    fn equal_facts_are_equal_however_they_are_written() {
        let listed =
            json!({ "time": "2021:03:04 05:06:07", "subsec": 123, "lat": 13.1234, "lon": 22.4321 });
        let read = json!({ "taken_at": "2021-03-04T05:06:07.123", "latitude": 13.1234, "longitude": 22.4321 });
        assert_eq!(tally(&listed, &read), (4, 4, 0));
        let listed = json!({ "time": "2025:08:22 21:39:57-07:00" });
        let read = json!({ "taken_at": "2025-08-22T21:39:57", "offset": "-07:00" });
        assert_eq!(tally(&listed, &read), (2, 2, 0));
    }

    #[test]
    fn what_the_rule_calls_unknown_must_not_be_told() {
        let listed = json!({ "time": "0000:00:00 00:00:00", "lat": 0, "lon": 0, "alt": 0, "orientation": 0 });
        assert_eq!(tally(&listed, &json!({})), (0, 0, 0));
        assert_eq!(tally(&listed, &json!({ "latitude": 0.0, "longitude": 0.0 })), (0, 0, 2));
    }

    #[test]
    fn a_wrong_and_a_missing_fact_are_not_equal() {
        let listed = json!({ "make": "A", "model": "B", "orientation": 6 });
        assert_eq!(tally(&listed, &json!({ "make": "C", "orientation": 6 })), (3, 1, 0));
    }
}
