//! The letters of a report: how wide each is, and what of them goes into the file. They come with the program, so that a
//! report looks the same wherever it is made and opened.

use std::collections::{BTreeMap, HashMap};

use pdf_writer::{
    Filter, Finish, Name, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use subsetter::GlyphRemapper;
use ttf_parser::Face;

use super::file::{File, packed};

const REGULAR: &[u8] = include_bytes!("../fonts/Roboto-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/Roboto-Bold.ttf");
const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// One of the two kinds of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    Bold,
}

/// Both kinds.
pub(super) struct Letters {
    regular: Font,
    bold: Font,
}

/// One kind: its letters, and which of them were used so far.
struct Font {
    data: &'static [u8],
    face: Face<'static>,
    name: &'static [u8],
    id: Ref,
    known: HashMap<char, Option<(u16, f32)>>,
    used: GlyphRemapper,
    /// By its number in the file: which letter it shows, and how wide it is, in thousandths of its size.
    shown: BTreeMap<u16, (char, f32)>,
}

impl Letters {
    /// None where the letters that came with the program cannot be read, which a test rules out.
    pub(super) fn new(file: &mut File) -> Option<Self> {
        Some(Self {
            regular: Font::new(REGULAR, b"SWARMR+Roboto-Regular", file.reserve())?,
            bold: Font::new(BOLD, b"SWARMB+Roboto-Bold", file.reserve())?,
        })
    }

    /// The fonts for the resources of a page.
    pub(super) fn names(&self) -> [(Name<'static>, Ref); 2] {
        [(name(Kind::Regular), self.regular.id), (name(Kind::Bold), self.bold.id)]
    }

    /// How wide a letter is at size 1; none where there is no such letter.
    pub(super) fn width(&mut self, kind: Kind, letter: char) -> Option<f32> {
        self.font(kind).glyph(letter).map(|(_, width)| width)
    }

    /// How wide words are at size 1.
    pub(super) fn length(&mut self, kind: Kind, words: &str) -> f32 {
        words.chars().filter_map(|letter| self.width(kind, letter)).sum()
    }

    /// Words as the file shows them.
    pub(super) fn encoded(&mut self, kind: Kind, words: &str) -> Vec<u8> {
        let font = self.font(kind);
        words.chars().filter_map(|letter| font.used(letter)).flat_map(u16::to_be_bytes).collect()
    }

    /// Writes what was used of both.
    pub(super) fn put(self, file: &mut File) {
        self.regular.put(file);
        self.bold.put(file);
    }

    fn font(&mut self, kind: Kind) -> &mut Font {
        match kind {
            Kind::Regular => &mut self.regular,
            Kind::Bold => &mut self.bold,
        }
    }
}

/// By which name a page calls a kind.
pub(super) fn name(kind: Kind) -> Name<'static> {
    match kind {
        Kind::Regular => Name(b"R"),
        Kind::Bold => Name(b"B"),
    }
}

impl Font {
    fn new(data: &'static [u8], name: &'static [u8], id: Ref) -> Option<Self> {
        let face = Face::parse(data, 0).ok()?;
        Some(Self {
            data,
            face,
            name,
            id,
            known: HashMap::new(),
            used: GlyphRemapper::new(),
            shown: BTreeMap::new(),
        })
    }

    /// A letter's place in the font and its width.
    fn glyph(&mut self, letter: char) -> Option<(u16, f32)> {
        let (face, em) = (&self.face, f32::from(self.face.units_per_em()));
        *self.known.entry(letter).or_insert_with(|| {
            let glyph = face.glyph_index(letter).filter(|glyph| glyph.0 != 0)?;
            Some((glyph.0, f32::from(face.glyph_hor_advance(glyph)?) / em))
        })
    }

    /// A letter's number in the file.
    fn used(&mut self, letter: char) -> Option<u16> {
        let (glyph, width) = self.glyph(letter)?;
        let number = self.used.remap(glyph);
        self.shown.entry(number).or_insert((letter, width * 1000.0));
        Some(number)
    }

    fn put(self, file: &mut File) {
        let [below, described, data, unicode] = [(); 4].map(|()| file.reserve());
        let base = Name(self.name);
        file.put(self.id, |chunk| {
            let mut font = chunk.type0_font(self.id);
            font.base_font(base).encoding_predefined(Name(b"Identity-H"));
            font.descendant_font(below).to_unicode(unicode);
        });
        file.put(below, |chunk| {
            let mut font = chunk.cid_font(below);
            font.subtype(CidFontType::Type2).base_font(base).system_info(IDENTITY);
            font.font_descriptor(described).default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
            let mut widths = font.widths();
            for (number, (_, width)) in &self.shown {
                widths.same(*number, *number, *width);
            }
        });
        file.put(described, |chunk| {
            let em = f32::from(self.face.units_per_em()) / 1000.0;
            let bounds = self.face.global_bounding_box();
            let edge = |value: i16| f32::from(value) / em;
            let mut font = chunk.font_descriptor(described);
            font.name(base).flags(FontFlags::NON_SYMBOLIC).italic_angle(0.0).stem_v(80.0);
            font.bbox(pdf_writer::Rect::new(
                edge(bounds.x_min),
                edge(bounds.y_min),
                edge(bounds.x_max),
                edge(bounds.y_max),
            ));
            font.ascent(edge(self.face.ascender())).descent(edge(self.face.descender()));
            font.cap_height(self.face.capital_height().map_or(700.0, edge)).font_file2(data);
        });
        // The whole of it where a part cannot be cut out: the numbers would be others, which a test rules out.
        let part = subsetter::subset(self.data, 0, &self.used).unwrap_or_else(|_| self.data.to_vec());
        file.put(data, |chunk| {
            let squeezed = packed(&part);
            let mut stream = chunk.stream(data, &squeezed);
            stream.filter(Filter::FlateDecode);
            stream.pair(Name(b"Length1"), i32::try_from(part.len()).unwrap_or(i32::MAX));
            stream.finish();
        });
        let mut map = UnicodeCmap::<u16>::new(Name(b"Letters"), IDENTITY);
        for (number, (letter, _)) in &self.shown {
            map.pair(*number, *letter);
        }
        let squeezed = packed(&map.finish());
        file.put(unicode, |chunk| {
            chunk.cmap(unicode, &squeezed).filter(Filter::FlateDecode);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_are_there_and_a_part_of_them_can_be_cut_out() {
        let mut letters = Letters::new(&mut File::new()).unwrap();
        for letter in (' '..='~').chain("·–—…".chars()) {
            for kind in [Kind::Regular, Kind::Bold] {
                assert!(letters.width(kind, letter).is_some(), "{letter:?} {kind:?}");
            }
        }
        for letter in "äöüßéèçñøåžłőğăệαβγΩабвгдёїџ€№™".chars() {
            assert!(letters.width(Kind::Regular, letter).is_some(), "{letter:?}");
        }
        for word in ["Größe", "Ω"] {
            letters.encoded(Kind::Regular, word);
        }
        let part = subsetter::subset(REGULAR, 0, &letters.regular.used).unwrap();
        assert!(part.len() < REGULAR.len() / 10, "{}", part.len());
    }
}
