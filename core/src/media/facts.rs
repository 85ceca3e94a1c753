//! What a medium tells about when, where and with what it was taken.

use serde::{Deserialize, Serialize};

/// A place on Earth as a file states it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// Horizontal error in metres, if stated.
    pub accuracy_m: Option<f64>,
}

/// What a file tells. A field is `None` when the file does not say it, or says zero, nothing or
/// something out of range: phones write such values when the person withheld the place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Local time at the place of capture, `YYYY-MM-DDTHH:MM:SS` with sub-seconds if stated.
    pub taken_at: Option<String>,
    /// Offset of that local time from UTC, `+HH:MM`.
    pub offset: Option<String>,
    /// Time of the position fix in UTC, `YYYY-MM-DDTHH:MM:SSZ`.
    pub position_at: Option<String>,
    /// Where it was taken.
    pub position: Option<Position>,
    /// Metres above sea level. Phones state it even where the person withheld the place.
    pub altitude_m: Option<f64>,
    /// Where the camera looked, in degrees clockwise from north.
    pub direction_deg: Option<f64>,
    /// Who made the camera.
    pub make: Option<String>,
    /// Which model it is.
    pub model: Option<String>,
    /// How to turn the picture for display: Exif orientation, 1 to 8.
    pub orientation: Option<u16>,
    /// How long a video or recording plays, in milliseconds.
    pub duration_ms: Option<u64>,
}
