//! A drawing as SVG.

use std::fmt::Write;

use super::canvas::{Anchor, Canvas, DASHES, PAPER, Point, RIM, Shape};

/// Draws it.
pub(crate) fn svg(canvas: &Canvas) -> String {
    let Canvas { width, height, shapes } = canvas;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"Roboto, 'Helvetica Neue', Arial, sans-serif\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{PAPER}\"/>\n"
    );
    for shape in shapes {
        let _ = writeln!(text, "{}", element(shape));
    }
    text + "</svg>\n"
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Line { through, colour, width, dashed } => {
            let dashes = if *dashed {
                format!(r#" stroke-dasharray="{} {}""#, DASHES.0, DASHES.1)
            } else {
                String::new()
            };
            format!(
                r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"{dashes}/>"#,
                points(through)
            )
        }
        Shape::Area { around, colour, opacity } => {
            format!(r#"<polygon points="{}" fill="{colour}" fill-opacity="{opacity}"/>"#, points(around))
        }
        Shape::Dot { at: (x, y), radius, colour } => format!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{colour}" stroke="{PAPER}" stroke-width="{RIM}"/>"#
        ),
        Shape::Words { at: (x, y), text, look, upwards } => {
            let anchor = match look.anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let place = if *upwards {
                format!(r#"transform="translate({x:.1} {y:.1}) rotate(-90)""#)
            } else {
                format!(r#"x="{x:.1}" y="{y:.1}""#)
            };
            let weight = if look.bold { 700 } else { 400 };
            format!(
                r#"<text {place} font-size="{}" font-weight="{weight}" fill="{}" text-anchor="{anchor}">{}</text>"#,
                look.size,
                look.colour,
                escaped(text)
            )
        }
    }
}

fn points(all: &[Point]) -> String {
    let all: Vec<String> = all.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    all.join(" ")
}

/// Text that means nothing in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{super::canvas::LABEL, *};

    #[test]
    fn words_from_outside_cannot_become_elements() {
        let mut canvas = Canvas::new(10, 10);
        canvas.words((1.0, 1.0), "</text><script>\u{1b}", LABEL);
        let svg = svg(&canvas);
        assert!(!svg.contains("<script>") && !svg.contains('\u{1b}'), "{svg}");
    }
}
