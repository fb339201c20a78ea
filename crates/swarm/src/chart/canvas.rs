//! What is drawn: lines, areas, dots and words at a place, in the order of drawing. [`mod@super::svg`] and
//! [`mod@super::bitmap`] make files of it.

use std::fmt;

/// A colour, as `0xrrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u32);

// Okabe and Ito's: told apart with every kind of sight.
pub(super) const BLUE: Colour = Colour(0x00_72_b2);
pub(super) const ORANGE: Colour = Colour(0xd5_5e_00);
pub(super) const GREEN: Colour = Colour(0x00_9e_73);
pub(super) const INK: Colour = Colour(0x1f_29_33);
pub(super) const FAINT: Colour = Colour(0x5b_67_75);
pub(super) const GRID: Colour = Colour(0xe4_e8_ec);
pub(super) const PAPER: Colour = Colour(0xff_ff_ff);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:06x}", self.0)
    }
}

/// A place, from the upper left corner.
pub(super) type Point = (f64, f64);

/// Where words stand beside their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How words look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) size: u32,
    pub(super) bold: bool,
    pub(super) colour: Colour,
    pub(super) anchor: Anchor,
}

pub(super) const LABEL: Words = Words { size: 12, bold: false, colour: FAINT, anchor: Anchor::Middle };
pub(super) const NOTE: Words = Words { size: 13, bold: false, colour: FAINT, anchor: Anchor::Start };
pub(super) const HEADING: Words = Words { size: 15, bold: true, colour: INK, anchor: Anchor::Start };

/// One thing that is drawn.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// A line through points.
    Line { through: Vec<Point>, colour: Colour, width: f64, dashed: bool },
    /// A filled area.
    Area { around: Vec<Point>, colour: Colour, opacity: f64 },
    /// A filled circle with a rim of paper.
    Dot { at: Point, radius: f64, colour: Colour },
    /// Words, upwards or not.
    Words { at: Point, text: String, look: Words, upwards: bool },
}

/// The dashes of a dashed line: how long, and how far apart.
pub(super) const DASHES: (f64, f64) = (5.0, 4.0);
/// The width of a dot's rim.
pub(super) const RIM: f64 = 1.2;

/// A drawing that grows.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) shapes: Vec<Shape>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, shapes: Vec::new() }
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { through: vec![from, to], colour, width, dashed: false });
    }

    pub(super) fn dashed(&mut self, from: Point, to: Point, colour: Colour) {
        self.shapes.push(Shape::Line { through: vec![from, to], colour, width: 1.5, dashed: true });
    }

    pub(super) fn path(&mut self, through: Vec<Point>, colour: Colour) {
        self.shapes.push(Shape::Line { through, colour, width: 2.5, dashed: false });
    }

    /// An area between two lines.
    pub(super) fn band(&mut self, around: Vec<Point>, colour: Colour) {
        self.shapes.push(Shape::Area { around, colour, opacity: 0.12 });
    }

    pub(super) fn bar(&mut self, (x, y): Point, (width, height): Point, colour: Colour) {
        let around = vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)];
        self.shapes.push(Shape::Area { around, colour, opacity: 0.35 });
    }

    pub(super) fn dot(&mut self, at: Point, radius: f64, colour: Colour) {
        self.shapes.push(Shape::Dot { at, radius, colour });
    }

    pub(super) fn words(&mut self, at: Point, text: &str, look: Words) {
        self.write(at, text, look, false);
    }

    /// Words that read upwards.
    pub(super) fn upwards(&mut self, at: Point, text: &str) {
        self.write(at, text, LABEL, true);
    }

    fn write(&mut self, at: Point, text: &str, look: Words, upwards: bool) {
        let text = text.chars().filter(|c| !c.is_control()).collect();
        self.shapes.push(Shape::Words { at, text, look, upwards });
    }
}
