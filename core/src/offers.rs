//! What a photo's facts could answer. They are offered; only the person makes them answers.

use chrono::NaiveDateTime;

use crate::forms::{Answer, Field, Form, FormId, Kind, Moment, Place, Stage, Time};
use crate::homeward::Offer;
use crate::media::Facts;

/// The answers that `facts` offer to the first question for a time and for a place.
///
/// A sighting's photo was taken at the sighting. Any other photo may be years old: its time and
/// place are those of "last seen" only if the person says so.
pub(crate) fn offers(
    form: &Form,
    facts: &Facts,
    taken_when_last_seen: bool,
    now: Moment,
) -> Vec<Offer> {
    let of_the_event = FormId::new("sighting").is_some_and(|sighting| sighting == form.id);
    if !of_the_event && !taken_when_last_seen {
        return Vec::new();
    }
    let asks = |kind: fn(&Kind) -> bool| {
        form.stage(Stage::FirstMinute).find(move |field: &&Field| kind(&field.kind))
    };
    let time = asks(|kind| matches!(kind, Kind::Time { .. })).zip(time_of(facts, now));
    let place = asks(|kind| matches!(kind, Kind::Place)).zip(place_of(facts));
    let offer = |(field, answer): (&Field, Answer)| Offer { field: field.id.clone(), answer };
    [time, place].into_iter().flatten().map(offer).collect()
}

/// The time of capture. A camera that does not state its offset is taken to have had the phone's:
/// most often it is the same device, and the person sees the time before it is an answer.
fn time_of(facts: &Facts, now: Moment) -> Option<Answer> {
    let local = facts.taken_at.as_deref()?;
    let stated = facts.offset.as_deref();
    let at = match stated.and_then(|offset| Moment::from_rfc3339(&format!("{local}{offset}"))) {
        Some(at) => at,
        None => {
            let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
            let offset_ms = i64::from(now.offset_minutes) * 60_000;
            Moment { unix_ms: local.and_utc().timestamp_millis() - offset_ms, ..now }
        }
    };
    Some(Answer::Time(Time::At(at)))
}

fn place_of(facts: &Facts) -> Option<Answer> {
    let position = facts.position?;
    Some(Answer::Place(Place {
        latitude: Some(position.latitude),
        longitude: Some(position.longitude),
        accuracy_m: position.accuracy_m,
        ..Place::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Position;

    const NOW: Moment = Moment { unix_ms: 1_790_000_000_000, offset_minutes: 120 };

    fn facts(offset: Option<&str>) -> Facts {
        Facts {
            taken_at: Some("2026-11-22T10:00:00".into()),
            offset: offset.map(str::to_owned),
            position: Some(Position { latitude: 48.1, longitude: 11.5, accuracy_m: None }),
            ..Facts::default()
        }
    }

    fn missing_child() -> &'static Form {
        Form::built_in(&FormId::new("missing_child").unwrap()).unwrap()
    }

    #[test]
    fn an_old_photos_place_is_never_offered_as_last_seen_unasked() {
        assert_eq!(offers(missing_child(), &facts(None), false, NOW), []);
    }

    #[test]
    fn a_photo_taken_when_last_seen_offers_time_and_place() {
        let offers = offers(missing_child(), &facts(Some("+01:00")), true, NOW);
        let fields: Vec<&str> = offers.iter().map(|offer| offer.field.as_str()).collect();
        assert_eq!(fields, ["last_seen_time", "last_seen_place"]);
        let expected = Moment::from_rfc3339("2026-11-22T10:00:00+01:00").unwrap();
        assert_eq!(offers[0].answer, Answer::Time(Time::At(expected)));
    }

    #[test]
    fn a_time_without_offset_is_the_phones_local_time() {
        let offers = offers(missing_child(), &facts(None), true, NOW);
        let expected = Moment::from_rfc3339("2026-11-22T10:00:00+02:00").unwrap();
        assert_eq!(offers[0].answer, Answer::Time(Time::At(expected)));
    }

    #[test]
    fn a_photo_that_tells_nothing_offers_nothing() {
        assert_eq!(offers(missing_child(), &Facts::default(), true, NOW), []);
    }
}
