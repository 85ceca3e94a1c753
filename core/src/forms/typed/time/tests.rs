//! What people type, and what is stored.

use super::*;

/// Sunday, 22 November 2026, 14:30:12 at +01:00.
fn now() -> Moment {
    Moment::from_rfc3339("2026-11-22T14:30:12.345+01:00").unwrap()
}

fn json(text: &str) -> String {
    read(text, false, now()).map_or("words".to_owned(), |time| {
        time.to_json().to_string().replace("+01:00", "").replace('"', "")
    })
}

#[test]
fn what_is_relative_becomes_absolute() {
    for (text, expected) in [
        ("now", "{at:2026-11-22T14:30:12}"),
        ("ten minutes ago", "{at:2026-11-22T14:20:12}"),
        ("10 min ago", "{at:2026-11-22T14:20:12}"),
        ("an hour ago", "{at:2026-11-22T13:30:12}"),
        ("half an hour ago", "{at:2026-11-22T14:00:12}"),
        ("1 hour 20 minutes ago", "{at:2026-11-22T13:10:12}"),
        ("2 hours and 5 minutes ago", "{at:2026-11-22T12:25:12}"),
        ("three days ago", "{from:2026-11-19T00:00:00,to:2026-11-19T23:59:59}"),
        ("yesterday", "{from:2026-11-21T00:00:00,to:2026-11-21T23:59:59}"),
        ("today", "{from:2026-11-22T00:00:00,to:2026-11-22T14:30:12}"),
        ("yesterday 18:00", "{at:2026-11-21T18:00:00}"),
        ("18:00 yesterday", "{at:2026-11-21T18:00:00}"),
        ("yesterday at 6 pm", "{at:2026-11-21T18:00:00}"),
        ("yesterday evening", "{from:2026-11-21T17:00:00,to:2026-11-21T23:00:00}"),
        ("last night", "{from:2026-11-21T18:00:00,to:2026-11-22T06:00:00}"),
        ("this morning", "{from:2026-11-22T05:00:00,to:2026-11-22T12:00:00}"),
        ("this afternoon", "{from:2026-11-22T12:00:00,to:2026-11-22T14:30:12}"),
        ("6 in the evening", "{at:2026-11-21T18:00:00}"),
        ("friday 14:00", "{at:2026-11-20T14:00:00}"),
        ("last friday", "{from:2026-11-20T00:00:00,to:2026-11-20T23:59:59}"),
        ("sunday 9:00", "{at:2026-11-22T09:00:00}"),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
}

#[test]
fn a_bare_clock_time_is_the_last_one_that_was() {
    assert_eq!(json("13:00"), "{at:2026-11-22T13:00:00}");
    assert_eq!(json("at 6pm"), "{at:2026-11-21T18:00:00}");
    assert_eq!(json("noon"), "{at:2026-11-22T12:00:00}");
    assert_eq!(json("12 am"), "{at:2026-11-22T00:00:00}");
    assert_eq!(json("14h05"), "{at:2026-11-22T14:05:00}");
}

#[test]
fn dates_are_read_in_the_usual_ways() {
    for text in [
        "2026-11-20 18:00",
        "2026-11-20t18:00",
        "20.11.2026 18:00",
        "20 november 2026, 18:00",
        "november 20, 2026 at 6 pm",
        "20 nov 18:00",
        "20/11/2026 18:00",
    ] {
        assert_eq!(json(text), "{at:2026-11-20T18:00:00}", "{text}");
    }
    assert_eq!(json("24 december"), "{from:2025-12-24T00:00:00,to:2025-12-24T23:59:59}");
    assert_eq!(json("march 2026"), "{from:2026-03-01T00:00:00,to:2026-03-31T23:59:59}");
}

#[test]
fn a_time_between_two_or_around_one_stays_so() {
    for (text, expected) in [
        ("between 1 and 2 pm", "{from:2026-11-22T13:00:00,to:2026-11-22T14:00:00}"),
        ("13:00-13:30", "{from:2026-11-22T13:00:00,to:2026-11-22T13:30:00}"),
        ("yesterday 23:00 to 1:00", "{from:2026-11-21T23:00:00,to:2026-11-22T01:00:00}"),
        ("from noon until 13:30", "{from:2026-11-22T12:00:00,to:2026-11-22T13:30:00}"),
        ("about an hour ago", "{around:2026-11-22T13:30:12,within_minutes:15}"),
        ("around 13:00", "{around:2026-11-22T13:00:00,within_minutes:22}"),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_a_clear_time_stays_words() {
    for text in [
        "",
        "after school",
        "6",
        "03/04/2026",
        "25:00",
        "13 pm",
        "monday tuesday",
        "ago",
        "ten ago",
        "minutes ago",
        "99999999999999 days ago",
        "9999 weeks ago ago",
        "30.02.2026",
    ] {
        assert_eq!(json(text), "words", "{text}");
    }
}

#[test]
fn a_broken_clock_makes_no_text_panic() {
    for unix_ms in [i64::MIN, i64::MIN + 1, -62_135_596_800_000, 253_402_300_799_999, i64::MAX] {
        for offset_minutes in [i32::MIN, -1439, 0, 1439, i32::MAX] {
            let now = Moment { unix_ms, offset_minutes };
            for text in ["now", "last night", "monday 9:00", "3 days ago", "about noon", "24 may"] {
                let time = read(text, false, now).map(|time| time.to_json());
                let again = time.as_ref().map(|json| Time::from_json(json.as_object().unwrap()));
                assert!(again.is_none_or(|again| again.is_some()), "{text} {now:?}");
            }
        }
    }
}

/// Thursday, 26 November 2026, 11:47 at +01:00.
fn thursday() -> Moment {
    Moment::from_rfc3339("2026-11-26T11:47:00+01:00").unwrap()
}

/// What is stored of `text` on that Thursday at `clock`, without year, month and seconds.
fn on_thursday(clock: &str, text: &str) -> String {
    let now = Moment::from_rfc3339(&format!("2026-11-26T{clock}:00+01:00")).unwrap();
    read(text, false, now).map_or("words".to_owned(), |time| match time {
        Time::At(at) => short(at),
        Time::Between { from, to } => format!("{} - {}", short(from), short(to)),
        Time::Around { at, .. } => format!("~{}", short(at)),
        Time::Words(_) => unreachable!("words are not read"),
    })
}

fn short(moment: Moment) -> String {
    let text = moment.to_rfc3339();
    text[8..16].replace('T', " ")
}

#[test]
fn a_half_is_added_and_numbers_are_never_dropped() {
    for (text, expected) in [
        ("half an hour ago", "26 11:17"),
        ("half hour ago", "26 11:17"),
        ("a half hour ago", "26 11:17"),
        ("an hour and a half ago", "26 10:17"),
        ("one hour and a half ago", "26 10:17"),
        ("one and a half hours ago", "26 10:17"),
        ("two and a half hours ago", "26 09:17"),
        ("three and a half hours ago", "26 08:17"),
        ("2 and a half hours ago", "26 09:17"),
        ("2.5 hours ago", "26 09:17"),
        ("1,5 hours ago", "26 10:17"),
        ("a quarter of an hour ago", "26 11:32"),
        ("three quarters of an hour ago", "26 11:02"),
        ("an hour and a quarter ago", "26 10:32"),
        ("twenty five minutes ago", "26 11:22"),
        ("forty-five minutes ago", "26 11:02"),
        ("2h ago", "26 09:47"),
        ("45min ago", "26 11:02"),
        ("1h 20min ago", "26 10:27"),
        ("a couple of hours ago", "~26 09:47"),
        ("almost 3 hours ago", "~26 08:47"),
        ("2-3 hours ago", "26 08:47 - 26 09:47"),
        ("two or three hours ago", "26 08:47 - 26 09:47"),
        ("between 10 and 15 minutes ago", "26 11:32 - 26 11:37"),
        ("a day ago", "25 00:00 - 25 23:59"),
        ("a week ago", "19 00:00 - 19 23:59"),
        ("two three hours ago", "words"),
        ("two and half hours ago", "words"),
        ("an hour or two ago", "words"),
        ("2 to 3 hours 20 minutes ago", "words"),
        ("3-2 hours ago", "words"),
        ("two and a half days ago", "words"),
        ("a hundred minutes ago", "words"),
        ("9999 weeks ago", "words"),
        ("2 days ago at 5 pm", "words"),
    ] {
        assert_eq!(on_thursday("11:47", text), expected, "{text}");
    }
}

#[test]
fn the_night_of_a_day_ends_on_the_next() {
    for (now, text, expected) in [
        ("11:47", "last night at 2 am", "26 02:00"),
        ("11:47", "last night 12:30 am", "26 00:30"),
        ("11:47", "last night at 2", "26 02:00"),
        ("11:47", "last night at 10", "25 22:00"),
        ("11:47", "last night 22:15", "25 22:15"),
        ("11:47", "last night at half past 11", "25 23:30"),
        ("11:47", "midnight last night", "26 00:00"),
        ("11:47", "yesterday night at 1 am", "26 01:00"),
        ("11:47", "tuesday night at 1 am", "25 01:00"),
        ("11:47", "last night between 11 pm and 1 am", "25 23:00 - 26 01:00"),
        ("11:47", "between 11 and 1 last night", "25 23:00 - 26 01:00"),
        ("11:47", "at night", "25 18:00 - 26 06:00"),
        ("11:47", "last night at 2 pm", "words"),
        ("11:47", "last night at 5", "words"),
        ("11:47", "yesterday midnight", "words"),
        // Whoever types in the night means the night before, or this one if it has come so far.
        ("01:00", "last night at 2 am", "25 02:00"),
        ("03:00", "last night at 2 am", "26 02:00"),
        ("03:00", "tonight at 11 pm", "25 23:00"),
        ("03:00", "this evening at 8", "25 20:00"),
        ("23:00", "tonight", "26 18:00 - 26 23:00"),
    ] {
        assert_eq!(on_thursday(now, text), expected, "{text} at {now}");
    }
}

#[test]
fn four_digits_are_a_clock_unless_they_may_be_a_year() {
    for (text, expected) in [
        ("1530", "25 15:30"),
        ("0930", "26 09:30"),
        ("1800", "25 18:00"),
        ("at 1530", "25 15:30"),
        ("1530 hrs", "25 15:30"),
        ("930 pm", "25 21:30"),
        ("530pm", "25 17:30"),
        ("1000-1030", "26 10:00 - 26 10:30"),
        ("yesterday 2015", "25 20:15"),
        ("friday 1945", "20 19:45"),
        ("20.11.2026 1800", "20 18:00"),
        ("24 november 1530", "24 15:30"),
        // Next year is not over yet; twenty-seven past eight was.
        ("2027", "25 20:27"),
        ("2026", "words"),
        ("1775", "words"),
        ("930", "words"),
    ] {
        assert_eq!(on_thursday("11:47", text), expected, "{text}");
    }
    assert!(
        read("2019", false, thursday())
            .unwrap()
            .span()
            .unwrap()
            .0
            .to_rfc3339()
            .starts_with("2019-01-01")
    );
}

#[test]
fn an_hour_of_which_the_half_of_the_day_is_in_doubt_stays_words() {
    for (now, text, expected) in [
        ("11:47", "20 to 5", "words"),
        ("11:47", "20 to 5 am", "26 04:40"),
        ("11:47", "20 to 5 pm", "25 16:40"),
        ("11:47", "twenty to five pm", "25 16:40"),
        ("11:47", "20 to 11", "26 10:40"),
        ("11:47", "quarter to 8 this morning", "26 07:45"),
        ("11:47", "half past ten", "26 10:30"),
        ("11:47", "ten past nine", "26 09:10"),
        ("11:47", "20 to 1 pm", "25 12:40"),
        ("11:47", "10 minutes to 12 am", "25 23:50"),
        ("11:47", "4:40", "words"),
        ("11:47", "04:40", "26 04:40"),
        ("11:47", "9:15", "26 09:15"),
        ("18:00", "5:30", "words"),
        ("18:00", "5:30 pm", "26 17:30"),
        ("11:47", "yesterday 5:30", "words"),
        ("11:47", "yesterday 05:30", "25 05:30"),
        ("11:47", "yesterday 12:30", "25 12:30"),
        ("11:47", "today 9:30", "26 09:30"),
        ("11:47", "6 o'clock", "words"),
        ("11:47", "9 o'clock", "26 09:00"),
        ("11:47", "six o'clock yesterday evening", "25 18:00"),
        ("11:47", "five pm", "25 17:00"),
        ("11:47", "in the evening at 6", "25 18:00"),
        ("11:47", "at 7 in the morning", "26 07:00"),
        ("11:47", "yesterday at 5", "words"),
        ("11:47", "this morning at 12:15", "words"),
        ("11:47", "yesterday evening at 2", "words"),
        ("11:47", "2026-11-25 9:30", "25 09:30"),
    ] {
        assert_eq!(on_thursday(now, text), expected, "{text} at {now}");
    }
}

#[test]
fn a_range_takes_the_halves_that_fit_together() {
    for (text, expected) in [
        ("between 11 and 1 pm", "25 11:00 - 25 13:00"),
        ("today between 11 and 1 pm", "26 11:00 - 26 11:47"),
        ("yesterday between 11 and 1 pm", "25 11:00 - 25 13:00"),
        ("between 10 and 2 am", "25 22:00 - 26 02:00"),
        ("between 5 and 6 pm", "25 17:00 - 25 18:00"),
        ("between 5 and 6 pm yesterday", "25 17:00 - 25 18:00"),
        ("between 5 and 6 in the evening", "25 17:00 - 25 18:00"),
        ("yesterday 5-6 pm", "25 17:00 - 25 18:00"),
        ("5 to 6 pm", "25 17:00 - 25 18:00"),
        ("between 9 and 10", "26 09:00 - 26 10:00"),
        ("9 am to 1", "25 09:00 - 25 13:00"),
        ("between 10 pm and midnight", "25 22:00 - 26 00:00"),
        ("yesterday 10 pm to midnight", "25 22:00 - 26 00:00"),
        ("monday to wednesday", "23 00:00 - 25 23:59"),
        ("monday evening to tuesday morning", "23 17:00 - 24 12:00"),
        ("between 5 and 6", "words"),
        ("20 to 5", "words"),
        ("5 to 6", "words"),
        ("10 to 2 pm", "25 10:00 - 25 14:00"),
        ("12-14", "words"),
        ("5-6 november", "words"),
        ("between 20 and 22 november", "words"),
        ("between 11 pm and 1 am yesterday", "words"),
        ("wednesday to friday", "words"),
    ] {
        assert_eq!(on_thursday("11:47", text), expected, "{text}");
    }
}

#[test]
fn the_last_day_of_a_name_is_never_today_and_never_ahead() {
    for (text, expected) in [
        ("last thursday", "19 00:00 - 19 23:59"),
        ("last thursday at 18:00", "19 18:00"),
        ("last wednesday", "25 00:00 - 25 23:59"),
        ("thursday 18:00", "19 18:00"),
        ("thursday 10:00", "26 10:00"),
        ("thursday night", "19 18:00 - 20 06:00"),
        ("friday 20 november 18:00", "20 18:00"),
        ("the day before yesterday at 17:00", "24 17:00"),
        ("this tuesday at 18:00", "24 18:00"),
        ("this friday at 18:00", "words"),
        ("friday 19 november", "words"),
        ("last", "words"),
        ("last week", "words"),
        ("last 18:00", "words"),
        ("last yesterday", "words"),
        ("next thursday", "words"),
        ("tomorrow", "words"),
        ("12.3.1530", "words"),
    ] {
        assert_eq!(on_thursday("11:47", text), expected, "{text}");
    }
}

#[test]
fn what_may_lie_ahead_is_the_next_one() {
    let ahead = |text: &str| {
        let time = read(text, true, thursday());
        time.map_or("words".to_owned(), |time| short(time.span().unwrap().0))
    };
    for (text, expected) in [
        ("8 pm", "26 20:00"),
        ("9 am", "27 09:00"),
        ("1530", "26 15:30"),
        ("in two hours", "26 13:47"),
        ("in half an hour", "26 12:17"),
        ("tomorrow at 08:00", "27 08:00"),
        ("today 10:00", "words"),
        ("tonight at 8", "26 20:00"),
        ("2 hours ago", "26 09:47"),
        ("8:30", "words"),
        ("friday 08:00", "words"),
        ("between 8 and 9 pm", "words"),
    ] {
        assert_eq!(ahead(text), expected, "{text}");
    }
}
