//! The JSON shapes that scripts rely on.

use homeward_core::media::{Facts, Manifest, RemainingKind};
use homeward_core::queue::{PartStatus, Planned, ReportStatus};
use homeward_core::texts::Texts;
use homeward_core::{Copies, Medium, Offer, Report, ReportSummary, SealedReport};
use serde_json::{Map, Value, json};

/// What a file tells; what it does not tell is absent.
pub(crate) fn facts_json(facts: &Facts) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(key.into(), value);
        }
    };
    put("taken_at", facts.taken_at.clone().map(Value::from));
    put("offset", facts.offset.clone().map(Value::from));
    put("position_at", facts.position_at.clone().map(Value::from));
    put("latitude", facts.position.map(|position| position.latitude.into()));
    put("longitude", facts.position.map(|position| position.longitude.into()));
    put("accuracy_m", facts.position.and_then(|position| position.accuracy_m).map(Value::from));
    put("altitude_m", facts.altitude_m.map(Value::from));
    put("direction_deg", facts.direction_deg.map(Value::from));
    put("make", facts.make.clone().map(Value::from));
    put("model", facts.model.clone().map(Value::from));
    put("orientation", facts.orientation.map(Value::from));
    put("duration_ms", facts.duration_ms.map(Value::from));
    Value::Object(map)
}

pub(crate) fn medium(medium: &Medium) -> Value {
    json!({
        "medium": medium.id,
        "field": medium.field.as_str(),
        "format": medium.format,
        "bytes": medium.bytes,
        "copies": match medium.copies {
            Copies::Scrubbed => "scrubbed",
            Copies::Both => "both",
            Copies::Original => "original",
        },
        "facts": facts_json(&medium.facts),
        "removed": medium.manifest.removed,
        "remaining": medium.manifest.remaining,
        "broken": medium.manifest.broken,
    })
}

pub(crate) fn offers(offers: &[Offer]) -> Value {
    let offer =
        |offer: &Offer| json!({ "field": offer.field.as_str(), "answer": offer.answer.to_json() });
    offers.iter().map(offer).collect()
}

pub(crate) fn report(report: &Report) -> Value {
    let answers: Map<String, Value> = report
        .answers
        .iter()
        .map(|(field, answer)| (field.as_str().to_owned(), answer.to_json()))
        .collect();
    let earlier: Vec<Value> = report
        .earlier
        .iter()
        .map(|earlier| json!({ "field": earlier.field, "value": earlier.value }))
        .collect();
    json!({
        "id": report.id,
        "form": report.form.as_str(),
        "answers": answers,
        "earlier": earlier,
        "media": report.media.iter().map(medium).collect::<Value>(),
        "problems": problems(&report.problems),
        "state": report.status.state,
    })
}

pub(crate) fn problems(problems: &[homeward_core::forms::Problem]) -> Value {
    let problem = |problem: &homeward_core::forms::Problem| json!({ "field": problem.field.as_str(), "reason": problem.reason.message_id() });
    problems.iter().map(problem).collect()
}

pub(crate) fn summary(summary: &ReportSummary) -> Value {
    let head = summary.head.as_ref();
    json!({
        "id": summary.id,
        "form": head.map(|head| head.form.as_str()),
        "title": head.and_then(|head| head.title.clone()),
        "answered": head.map(|head| head.answered),
        "total": head.map(|head| head.total),
        "created_at_ms": head.map(|head| head.created_at_ms),
        "updated_at_ms": head.map(|head| head.updated_at_ms),
        "state": if head.is_some() { json!(summary.state) } else { json!("damaged") },
    })
}

pub(crate) fn sealed(sealed: &SealedReport) -> Value {
    let part = |part: &homeward_core::SealedPart| {
        json!({
            "part": part.part,
            "audiences": part.audiences,
            "kind": part.kind,
            "bytes": part.bytes,
        })
    };
    json!({
        "report": sealed.report,
        "version": sealed.version,
        "parts": sealed.parts.iter().map(part).collect::<Value>(),
    })
}

pub(crate) fn planned(planned: &[Planned]) -> Value {
    let part = |planned: &Planned| json!({ "part": planned.part, "bytes": planned.bytes, "reason": planned.reason });
    planned.iter().map(part).collect()
}

/// A report's status; `form` is null while the vault is closed.
pub(crate) fn status(status: &ReportStatus, form: Option<&str>) -> Value {
    let receipt = status.receipt.sequence.map(
        |sequence| json!({ "sequence": sequence, "signed_at_ms": status.receipt.signed_at_ms }),
    );
    json!({
        "id": status.report,
        "form": form,
        "state": status.state,
        "reason": status.reason,
        "sent": status.sent,
        "total": status.total,
        "version": status.version,
        "receipt": receipt,
        "receipt_asked_at_ms": status.receipt.asked_at_ms,
        "receipt_problem": status.receipt.problem,
        "parts": status.parts.iter().map(part).collect::<Value>(),
    })
}

fn part(part: &PartStatus) -> Value {
    json!({
        "part": part.part,
        "audiences": part.audiences,
        "kind": part.kind,
        "state": part.state.as_str(),
        "reason": part.reason,
        "sent": part.sent,
        "in_flight": part.in_flight,
        "on_phone": part.on_phone,
        "sent_again": part.sent_again,
        "total": part.total,
    })
}

/// What scrubbing did, for a person.
pub(crate) fn removed_in_words(manifest: &Manifest) -> String {
    let texts = Texts::built_in();
    let lines = manifest.removed.iter().map(|removed| {
        let id = serde_json::to_value(removed.kind).unwrap_or_default();
        format!(
            "removed: {} ({} bytes)",
            texts.text(id.as_str().unwrap_or_default(), &[]),
            removed.bytes
        )
    });
    let mut lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        lines.push("There was nothing to remove.".into());
    }
    // That a picture shows what it shows goes without saying.
    let itself = [RemainingKind::Picture, RemainingKind::Sound];
    for remaining in manifest.remaining.iter().filter(|it| !itself.contains(&it.kind)) {
        let id = serde_json::to_value(remaining.kind).unwrap_or_default();
        lines.push(format!("may remain: {}", texts.text(id.as_str().unwrap_or_default(), &[])));
    }
    lines.join("\n")
}
