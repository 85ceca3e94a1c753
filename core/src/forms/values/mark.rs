//! A scar, tattoo or other mark, and its place on the body map.

use serde::{Deserialize, Serialize};

use super::{debug_hides_value, tidy};

/// A mark on the body.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyMark {
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MarkKind>,
    /// Which side of the body map the pin is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// How far the pin is from the map's left edge, 0 to 1. The map shows the child as seen by
    /// somebody who stands in front of that side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// How far the pin is from the map's top edge, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    /// How it looks, and where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The id of the photo that shows it, attached to the same field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
}

/// What sort of mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// Left by a wound or an operation.
    Scar,
    /// Drawn into the skin.
    Tattoo,
    /// There since birth.
    Birthmark,
    /// A mole or freckle.
    Mole,
    /// A hole for an ornament.
    Piercing,
    /// Something about the teeth.
    Teeth,
    /// Anything else.
    Other,
}

/// A side of the body map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The front.
    Front,
    /// The back.
    Back,
    /// The child's left side.
    Left,
    /// The child's right side.
    Right,
    /// The head and face, larger.
    Head,
}

debug_hides_value!(BodyMark);

impl MarkKind {
    /// Every kind of mark.
    pub const ALL: [Self; 7] = [
        Self::Scar,
        Self::Tattoo,
        Self::Birthmark,
        Self::Mole,
        Self::Piercing,
        Self::Teeth,
        Self::Other,
    ];

    /// The word for it in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scar => "scar",
            Self::Tattoo => "tattoo",
            Self::Birthmark => "birthmark",
            Self::Mole => "mole",
            Self::Piercing => "piercing",
            Self::Teeth => "teeth",
            Self::Other => "other",
        }
    }
}

impl Side {
    /// Every side.
    pub const ALL: [Self; 5] = [Self::Front, Self::Back, Self::Left, Self::Right, Self::Head];

    /// The word for it in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
            Self::Left => "left",
            Self::Right => "right",
            Self::Head => "head",
        }
    }
}

impl BodyMark {
    /// A mark as it was typed into one box.
    pub(in crate::forms) fn in_words(words: &str) -> Self {
        Self { words: Some(words.to_owned()), ..Self::default() }.tidied()
    }

    pub(in crate::forms) fn tidied(mut self) -> Self {
        tidy(&mut self.words);
        tidy(&mut self.photo);
        self
    }

    pub(in crate::forms) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(in crate::forms) fn has_pin_on_map(&self) -> bool {
        [self.x, self.y].into_iter().flatten().all(|part| (0.0..=1.0).contains(&part))
    }
}
