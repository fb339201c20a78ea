//! Charts: drawn once, written as SVG or PNG.

mod bitmap;
mod calibration;
mod canvas;
mod svg;

pub(crate) use bitmap::png;
pub(crate) use calibration::calibration;
pub(crate) use svg::svg;
