//! Marks on the body, and where they are.

use homeward_core::forms;

use crate::hide::hides_value;

/// A mark on the body.
#[derive(Clone, Default, PartialEq, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct BodyMark {
    /// What it is.
    #[uniffi(default)]
    pub mark: Option<MarkKind>,
    /// Which side of the body map the pin is on.
    #[uniffi(default)]
    pub side: Option<Side>,
    /// How far the pin is from the map's left edge, 0 to 1, as seen by somebody in front of it.
    #[uniffi(default)]
    pub x: Option<f64>,
    /// How far the pin is from the map's top edge, 0 to 1.
    #[uniffi(default)]
    pub y: Option<f64>,
    /// How it looks, and where it is.
    #[uniffi(default)]
    pub words: Option<String>,
    /// The id of the photo that shows it, attached to the same field.
    #[uniffi(default)]
    pub photo: Option<String>,
}

hides_value!(BodyMark);

/// Writes an enum and its conversions: the names are the same on both sides.
macro_rules! mirrors {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)+];
        }

        impl From<forms::$name> for $name {
            fn from(value: forms::$name) -> Self {
                match value {
                    $(forms::$name::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for forms::$name {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }
    };
}

mirrors! {
    /// What sort of mark.
    MarkKind {
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
}

mirrors! {
    /// A side of the body map.
    Side {
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
}

impl From<forms::BodyMark> for BodyMark {
    fn from(body_mark: forms::BodyMark) -> Self {
        let forms::BodyMark { mark, side, x, y, words, photo } = body_mark;
        Self { mark: mark.map(Into::into), side: side.map(Into::into), x, y, words, photo }
    }
}

impl From<BodyMark> for forms::BodyMark {
    fn from(body_mark: BodyMark) -> Self {
        let BodyMark { mark, side, x, y, words, photo } = body_mark;
        Self { mark: mark.map(Into::into), side: side.map(Into::into), x, y, words, photo }
    }
}
