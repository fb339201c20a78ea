//! One page under way, and what is drawn on it.

use pdf_writer::{Content, Str};

use super::letters::{Kind, Letters, name};

/// A sheet of A4 that lies on its side, in points.
pub(super) const WIDTH: f32 = 842.0;
pub(super) const HEIGHT: f32 = 595.0;
/// What stays free at the left and at the right.
pub(super) const MARGIN: f32 = 36.0;
/// Between which heights the page's own matter stands.
pub(super) const TOP: f32 = HEIGHT - 46.0;
pub(super) const BOTTOM: f32 = 42.0;

/// Of which colour.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    Black,
    Grey,
    Green,
    Red,
    Amber,
}

/// How words look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) kind: Kind,
    pub(super) size: f32,
    pub(super) ink: Ink,
}

pub(super) const TITLE: Look = Look { kind: Kind::Bold, size: 19.0, ink: Ink::Black };
pub(super) const HEADING: Look = Look { kind: Kind::Bold, size: 7.0, ink: Ink::Grey };
pub(super) const STRONG: Look = Look { kind: Kind::Bold, size: 7.5, ink: Ink::Black };
pub(super) const TEXT: Look = Look { kind: Kind::Regular, size: 7.5, ink: Ink::Black };
pub(super) const PALE: Look = Look { kind: Kind::Regular, size: 6.5, ink: Ink::Grey };
pub(super) const FACT: Look = Look { kind: Kind::Regular, size: 9.0, ink: Ink::Black };
pub(super) const LABEL: Look = Look { kind: Kind::Bold, size: 9.0, ink: Ink::Grey };

/// A page under way.
pub(super) struct Sheet {
    content: Content,
    /// How far down it is filled.
    pub(super) at: f32,
}

impl Sheet {
    pub(super) fn new() -> Self {
        Self { content: Content::new(), at: TOP }
    }

    /// How much room is left.
    pub(super) fn room(&self) -> f32 {
        self.at - BOTTOM
    }

    /// Words that begin at a place.
    pub(super) fn words(&mut self, letters: &mut Letters, (x, y): (f32, f32), look: Look, words: &str) {
        let shown = letters.encoded(look.kind, words);
        if shown.is_empty() {
            return;
        }
        let [red, green, blue] = colour(look.ink);
        self.content.set_fill_rgb(red, green, blue).begin_text();
        self.content.set_font(name(look.kind), look.size).next_line(x, y).show(Str(&shown)).end_text();
    }

    /// Words that end at a place.
    pub(super) fn words_until(&mut self, letters: &mut Letters, (x, y): (f32, f32), look: Look, words: &str) {
        let length = letters.length(look.kind, words) * look.size;
        self.words(letters, (x - length, y), look, words);
    }

    /// A thin line from margin to margin.
    pub(super) fn rule(&mut self, y: f32) {
        self.content.set_stroke_gray(0.82).set_line_width(0.5);
        self.content.move_to(MARGIN, y).line_to(WIDTH - MARGIN, y).stroke();
    }

    /// A pale area from margin to margin.
    pub(super) fn band(&mut self, bottom: f32, height: f32) {
        self.content.set_fill_gray(0.94).rect(MARGIN, bottom, WIDTH - 2.0 * MARGIN, height).fill_nonzero();
    }

    /// Draws what is written elsewhere at a place.
    pub(super) fn drawing(&mut self, (x, y): (f32, f32), of: pdf_writer::Name<'_>) {
        self.content.save_state().transform([1.0, 0.0, 0.0, 1.0, x, y]).x_object(of).restore_state();
    }

    pub(super) fn finish(self) -> pdf_writer::Buf {
        self.content.finish()
    }
}

fn colour(ink: Ink) -> [f32; 3] {
    match ink {
        Ink::Black => [0.1, 0.1, 0.12],
        Ink::Grey => [0.42, 0.44, 0.48],
        Ink::Green => [0.05, 0.45, 0.2],
        Ink::Red => [0.75, 0.1, 0.1],
        Ink::Amber => [0.65, 0.4, 0.0],
    }
}
