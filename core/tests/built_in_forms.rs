//! The built-in forms ask what `docs/formats/built-in-forms.md` lists, and nothing else.

use homeward_core::forms::{Field, Form, Kind, Purpose, Section};

const PAGE: &str = include_str!("../../docs/formats/built-in-forms.md");

#[test]
fn every_question_stage_audience_and_pfif_name_is_as_the_page_lists_it() {
    for form in Form::all_built_in() {
        let asked: Vec<String> = form.sections.iter().flat_map(|it| rows(form, it)).collect();
        assert_eq!(asked, listed(form.id.as_str()), "{}", form.id);
    }
}

#[test]
fn any_words_about_child_event_or_witness_make_a_report_worth_sending() {
    // The page names these: who reports, and how to reach them, is of no use without more.
    const NOT_ENOUGH: [&str; 4] =
        ["reporter_name", "witness_name", "reporter_language", "safe_times"];
    for form in Form::all_built_in().iter().filter(|form| form.purpose == Purpose::Report) {
        let says = |field: &&Field| {
            matches!(
                field.kind,
                Kind::Text
                    | Kind::LongText
                    | Kind::Voice
                    | Kind::PersonName
                    | Kind::Age
                    | Kind::Place
                    | Kind::Phone
                    | Kind::Vehicle
                    | Kind::BodyMarks
                    | Kind::Media { .. }
            ) && !NOT_ENOUGH.contains(&field.id.as_str())
        };
        let enough: Vec<_> = form.fields.iter().filter(says).map(|it| it.id.clone()).collect();
        assert_eq!(form.needs_any_of, enough, "{}", form.id);
    }
    for field in NOT_ENOUGH {
        assert!(PAGE.contains(&format!("`{field}`")), "{field}");
    }
}

#[test]
fn what_a_report_asks_ahead_of_time_a_profile_asks_too() {
    let form = |id: &str| {
        Form::all_built_in().iter().find(|form| form.id.as_str() == id).expect("a built-in form")
    };
    let report = form("missing_child");
    let profile = form("child_profile");
    assert_eq!(profile.purpose, Purpose::Profile);
    for prepared in &profile.fields {
        let filled = report.field(&prepared.id).unwrap_or_else(|| panic!("{}", prepared.id));
        assert_eq!(filled.kind, prepared.kind, "{}", prepared.id);
    }
}

fn rows(form: &Form, section: &Section) -> Vec<String> {
    let of_section = form.fields.iter().filter(|field| field.section == section.id);
    of_section.map(|field| row(section, field)).collect()
}

fn row(section: &Section, field: &Field) -> String {
    let audiences: Vec<&str> = field.audiences.iter().map(|it| it.name()).collect();
    let pfif: Vec<&str> = field.pfif.iter().map(|it| it.as_str()).collect();
    let cells = [
        format!("`{}`", section.id),
        format!("`{}`", field.id),
        format!("`{}`", field.kind.name()),
        field.stage.name().replace('_', " "),
        audiences.join(", "),
        pfif.join(", "),
    ];
    format!("| {} |", cells.join(" | "))
}

/// The rows of a form's table, without its head.
fn listed(form: &str) -> Vec<String> {
    let heading = format!("## `{form}`");
    let section = PAGE.lines().skip_while(|line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    section.filter(|line| line.starts_with("| `")).map(str::to_owned).collect()
}
