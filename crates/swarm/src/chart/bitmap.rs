//! A drawing as PNG, twice as large as it says, so that it is sharp on every screen. The letters come with the program:
//! a chart looks the same on a machine without fonts.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};
use ttf_parser::{Face, OutlineBuilder};

use super::canvas::{Anchor, Canvas, Colour, DASHES, PAPER, Point, RIM, Shape, Words};

const REGULAR: &[u8] = include_bytes!("fonts/Roboto-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/Roboto-Bold.ttf");
/// Pixels for each unit of the drawing.
const SCALE: u8 = 2;

/// Draws it. None where it is too large to be drawn, which no chart is.
pub(crate) fn png(canvas: &Canvas) -> Option<Vec<u8>> {
    let fonts = Fonts { regular: Face::parse(REGULAR, 0).ok()?, bold: Face::parse(BOLD, 0).ok()? };
    let scale = u32::from(SCALE);
    let mut pixels = Pixmap::new(canvas.width.checked_mul(scale)?, canvas.height.checked_mul(scale)?)?;
    pixels.fill(colour(PAPER, 1.0));
    for shape in &canvas.shapes {
        draw(&mut pixels, shape, &fonts);
    }
    pixels.encode_png().ok()
}

struct Fonts<'a> {
    regular: Face<'a>,
    bold: Face<'a>,
}

fn draw(pixels: &mut Pixmap, shape: &Shape, fonts: &Fonts<'_>) {
    match shape {
        Shape::Line { through, colour, width, dashed } => {
            let dash = dashed.then(|| StrokeDash::new(vec![near(DASHES.0), near(DASHES.1)], 0.0)).flatten();
            let stroke = Stroke {
                width: near(*width),
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                dash,
                ..Stroke::default()
            };
            if let Some(path) = outline(through, false) {
                pixels.stroke_path(&path, &paint(*colour, 1.0), &stroke, whole(), None);
            }
        }
        Shape::Area { around, colour, opacity } => {
            if let Some(path) = outline(around, true) {
                pixels.fill_path(&path, &paint(*colour, *opacity), FillRule::Winding, whole(), None);
            }
        }
        Shape::Dot { at: (x, y), radius, colour } => {
            if let Some(path) = PathBuilder::from_circle(near(*x), near(*y), near(*radius)) {
                pixels.fill_path(&path, &paint(*colour, 1.0), FillRule::Winding, whole(), None);
                let rim = Stroke { width: near(RIM), ..Stroke::default() };
                pixels.stroke_path(&path, &paint(PAPER, 1.0), &rim, whole(), None);
            }
        }
        Shape::Words { at, text, look, upwards } => {
            let face = if look.bold { &fonts.bold } else { &fonts.regular };
            words(pixels, (*at, *upwards), text, *look, face);
        }
    }
}

/// Sets words letter by letter.
fn words(pixels: &mut Pixmap, (at, upwards): (Point, bool), text: &str, look: Words, face: &Face<'_>) {
    let unit = f64::from(look.size) / f64::from(face.units_per_em());
    let letter = |c| face.glyph_index(c).unwrap_or_default();
    let advance = |id| f64::from(face.glyph_hor_advance(id).unwrap_or_default()) * unit;
    let length: f64 = text.chars().map(|c| advance(letter(c))).sum();
    let mut along = match look.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -length / 2.0,
        Anchor::End => -length,
    };
    let turned = if upwards { Transform::from_rotate(-90.0) } else { Transform::identity() };
    let place = turned.post_translate(near(at.0), near(at.1)).post_concat(whole());
    for c in text.chars() {
        let id = letter(c);
        let mut glyph = Glyph { path: PathBuilder::new(), unit: near(unit), along: near(along) };
        if face.outline_glyph(id, &mut glyph).is_some()
            && let Some(path) = glyph.path.finish()
        {
            pixels.fill_path(&path, &paint(look.colour, 1.0), FillRule::Winding, place, None);
        }
        along += advance(id);
    }
}

/// A letter on its way from the font, where up is up, to the picture, where up is down.
struct Glyph {
    path: PathBuilder,
    unit: f32,
    along: f32,
}

impl Glyph {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (x.mul_add(self.unit, self.along), -y * self.unit)
    }
}

impl OutlineBuilder for Glyph {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

fn outline(points: &[Point], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (&(x, y), rest) = points.split_first()?;
    path.move_to(near(x), near(y));
    for &(x, y) in rest {
        path.line_to(near(x), near(y));
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn whole() -> Transform {
    Transform::from_scale(f32::from(SCALE), f32::from(SCALE))
}

fn paint(of: Colour, opacity: f64) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(colour(of, opacity));
    paint
}

fn colour(Colour(of): Colour, opacity: f64) -> Color {
    let [_, red, green, blue] = of.to_be_bytes();
    let mut colour = Color::from_rgba8(red, green, blue, u8::MAX);
    colour.set_alpha(near(opacity));
    colour
}

#[expect(clippy::cast_possible_truncation, reason = "places on a picture need no more digits")]
fn near(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::*, *};

    fn dark(canvas: &Canvas) -> usize {
        let read = Pixmap::decode_png(&png(canvas).unwrap()).unwrap();
        assert_eq!((read.width(), read.height()), (canvas.width * 2, canvas.height * 2));
        read.pixels().iter().filter(|pixel| pixel.red() < 128).count()
    }

    #[test]
    fn every_shape_leaves_its_mark() {
        let paper = Canvas::new(100, 40);
        assert_eq!(dark(&paper), 0);
        let marks: [fn(&mut Canvas); 6] = [
            |canvas| canvas.line((5.0, 5.0), (90.0, 30.0), INK, 2.0),
            |canvas| canvas.dashed((5.0, 5.0), (90.0, 30.0), INK),
            |canvas| canvas.dot((20.0, 20.0), 4.0, INK),
            |canvas| canvas.words((50.0, 30.0), "Word", HEADING),
            |canvas| canvas.words((50.0, 30.0), "word", LABEL),
            |canvas| canvas.upwards((50.0, 20.0), "word"),
        ];
        let marks = marks.map(|mark| {
            let mut canvas = paper.clone();
            mark(&mut canvas);
            dark(&canvas)
        });
        assert!(marks.iter().all(|dark| *dark > 20), "{marks:?}");
        assert!(marks[1] < marks[0], "dashes leave gaps: {marks:?}");
    }

    #[test]
    fn words_stand_where_their_anchor_says() {
        let columns = |anchor| {
            let mut canvas = Canvas::new(100, 40);
            canvas.words((50.0, 30.0), "HHHH", Words { anchor, ..HEADING });
            let read = Pixmap::decode_png(&png(&canvas).unwrap()).unwrap();
            let width = usize::try_from(read.width()).unwrap();
            let dark = read.pixels().iter().enumerate().filter(|(_, pixel)| pixel.red() < 128);
            let columns: Vec<usize> = dark.map(|(index, _)| index % width / 2).collect();
            (*columns.iter().min().unwrap(), *columns.iter().max().unwrap())
        };
        assert!(columns(Anchor::Start).0 >= 50);
        assert!(columns(Anchor::End).1 <= 50);
        let (from, to) = columns(Anchor::Middle);
        assert!((49..=51).contains(&usize::midpoint(from, to)), "{from} to {to}");
    }

    #[test]
    fn every_letter_of_the_charts_is_there() {
        for face in [REGULAR, BOLD] {
            let face = Face::parse(face, 0).unwrap();
            for c in ('!'..='~').chain("·×–—…".chars()) {
                assert!(face.glyph_index(c).is_some_and(|id| id.0 != 0), "{c:?}");
            }
        }
    }
}
