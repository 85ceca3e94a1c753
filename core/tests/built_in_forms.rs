//! The built-in forms ask what `docs/formats/built-in-forms.md` lists, and nothing else.

use homeward_core::forms::{Field, Form, Purpose, Section};

const PAGE: &str = include_str!("../../docs/formats/built-in-forms.md");

#[test]
fn every_question_stage_audience_and_pfif_name_is_as_the_page_lists_it() {
    for form in Form::all_built_in() {
        let asked: Vec<String> = form.sections.iter().flat_map(|it| rows(form, it)).collect();
        assert_eq!(asked, listed(form.id.as_str()), "{}", form.id);
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
