//! The report under way: rows go onto sheets, and sheets into the file.

use chrono::{DateTime, NaiveDate, Utc};
use pdf_writer::{Content, Date, Filter, Name, Rect, Ref, Str, TextStr};
use swarm_domain::audit::{AuditFilter, AuditOutcome};
use swarm_store::SignedLog;

use super::{
    file::{File, packed},
    front,
    letters::{Kind, Letters, name},
    lines::{broken, clean},
    row::Row,
    sheet::{BOTTOM, HEADING, HEIGHT, Ink, Look, MARGIN, PALE, STRONG, Sheet, TEXT, WIDTH},
};

/// Where each column begins, from the margin, and how wide it is.
const POSITION: (f32, f32) = (0.0, 36.0);
const TIME: (f32, f32) = (46.0, 50.0);
const WHO: (f32, f32) = (102.0, 92.0);
const WHAT: (f32, f32) = (200.0, 104.0);
const ABOUT: (f32, f32) = (310.0, 112.0);
const SAYS: (f32, f32) = (430.0, 264.0);
const HASH: (f32, f32) = (702.0, 68.0);
/// From line to line, and what a row has besides.
const LEADING: f32 = 9.5;
const PADDING: f32 = 5.0;
/// The most lines of a cell: a row is never higher than a page.
const MAX_LINES: usize = 42;
/// The most letters of what an event says, and of its other cells.
const MAX_SAYS: usize = 1_600;
const MAX_CELL: usize = 240;
/// How many pages a branch of the tree of pages has.
const BRANCH: usize = 512;
/// The drawing that says how many pages there are.
const TOTAL: Name<'static> = Name(b"Total");

/// A report under way.
pub(super) struct Report {
    file: File,
    letters: Letters,
    sheet: Sheet,
    day: Option<NaiveDate>,
    rows: u64,
    /// How many pages were put into the file, and the branches that they hang on.
    pages: usize,
    branches: Vec<(Ref, Vec<Ref>)>,
    resources: Ref,
    tree: Ref,
    total: Ref,
    /// What stands at the top and at the bottom of every page.
    over: (String, String),
    under: String,
    made: DateTime<Utc>,
    log: String,
    size: u64,
    id: String,
}

impl Report {
    /// Begins one. None where the letters cannot be read, which a test rules out.
    pub(super) fn new(signed: &SignedLog, filter: &AuditFilter, made: DateTime<Utc>) -> Option<Self> {
        let mut file = File::new();
        let mut letters = Letters::new(&mut file)?;
        let shows = front::shows(&mut letters, filter);
        let mut sheet = Sheet::new();
        front::draw(&mut sheet, &mut letters, signed, &shows, made);
        let [resources, tree, total] = [(); 3].map(|()| file.reserve());
        let shown = broken(&mut letters, Kind::Regular, PALE.size, 420.0, &shows, 1).concat();
        let checkpoint = &signed.checkpoint;
        let mut report = Self {
            file,
            letters,
            sheet,
            day: None,
            rows: 0,
            pages: 0,
            branches: Vec::new(),
            resources,
            tree,
            total,
            over: (format!("Audit report of {}", signed.log), shown),
            under: format!(
                "Head of the chain: event {}, {}. Checked by swarm audit verify, as page 1 says.",
                checkpoint.size, checkpoint.head
            ),
            made,
            log: signed.log.clone(),
            size: checkpoint.size,
            id: checkpoint.head.clone(),
        };
        report.columns();
        Some(report)
    }

    /// Draws an event.
    pub(super) fn row(&mut self, row: &Row) {
        let day = row.at.date_naive();
        let cells = self.cells(row);
        // The outcome stands in the line below what happened.
        let named =
            cells.iter().find(|(x, ..)| x.total_cmp(&WHAT.0).is_eq()).map_or(1, |(_, _, lines)| lines.len());
        let most = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or(1);
        let height = lines_high(most.max(named + usize::from(row.outcome.is_some()))) + PADDING;
        let new_day = self.day != Some(day);
        let needed = if new_day { height + 16.0 } else { height };
        let turned = needed > self.sheet.room();
        if turned {
            self.turn();
        }
        if new_day || turned {
            self.day = Some(day);
            self.sheet.at -= 14.0;
            self.sheet.band(self.sheet.at, 13.0);
            let words = day.format("%A, %-d %B %Y").to_string();
            self.sheet.words(&mut self.letters, (MARGIN + 4.0, self.sheet.at + 3.5), STRONG, &words);
            self.sheet.at -= 2.0;
        }
        let top = self.sheet.at - LEADING + 1.0;
        let number = row.position.to_string();
        let place = (MARGIN + POSITION.0 + POSITION.1, top);
        self.sheet.words_until(&mut self.letters, place, Look { ink: Ink::Grey, ..TEXT }, &number);
        for (x, look, lines) in cells {
            let mut y = top;
            for line in lines {
                self.sheet.words(&mut self.letters, (MARGIN + x, y), look, &line);
                y -= LEADING;
            }
        }
        if let Some(outcome) = row.outcome {
            let y = top - lines_high(named);
            let (ink, word) = outcome_words(outcome);
            self.sheet.words(&mut self.letters, (MARGIN + WHAT.0, y), Look { ink, ..TEXT }, word);
        }
        self.sheet.at -= height;
        self.sheet.rule(self.sheet.at + 1.0);
        self.rows += 1;
    }

    /// What is ready to be sent.
    pub(super) fn taken(&mut self) -> Vec<u8> {
        self.file.take()
    }

    /// How many pages are done.
    #[cfg(test)]
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// The last page and all that is written last.
    pub(super) fn end(mut self) -> Vec<u8> {
        let words = format!(
            "End of the report: {} of the {} events that the log had when it was signed.",
            self.rows, self.size
        );
        if self.sheet.room() < 24.0 {
            self.turn();
        }
        self.sheet.at -= 16.0;
        self.sheet.words(&mut self.letters, (MARGIN, self.sheet.at), STRONG, &words);
        let last = std::mem::replace(&mut self.sheet, Sheet::new());
        self.put(last);
        self.put_total();
        let [catalog, info] = [(); 2].map(|()| self.file.reserve());
        let (title, made) = (format!("Audit report of {}", self.log), self.made);
        self.put_tree();
        self.file.put(self.resources, |chunk| {
            let mut resources = chunk.indirect(self.resources).start::<pdf_writer::writers::Resources<'_>>();
            resources.fonts().pairs(self.letters.names());
            resources.x_objects().pair(TOTAL, self.total);
        });
        self.file.put(catalog, |chunk| {
            let mut catalog = chunk.indirect(catalog).start::<pdf_writer::writers::Catalog<'_>>();
            catalog.pages(self.tree).lang(TextStr("en"));
            catalog.viewer_preferences().display_doc_title(true);
        });
        self.file.put(info, |chunk| {
            let mut info = chunk.indirect(info).start::<pdf_writer::writers::DocumentInfo<'_>>();
            info.title(TextStr(&title)).creator(TextStr("swarm")).creation_date(date(made));
        });
        self.letters.put(&mut self.file);
        self.file.end(catalog, info, &self.id);
        self.file.take()
    }

    /// The cells of a row, each with its place and look, broken into lines.
    fn cells(&mut self, row: &Row) -> Vec<(f32, Look, Vec<String>)> {
        let letters = &mut self.letters;
        let mut cell = |(x, width): (f32, f32), look: Look, text: &str, most: usize, tell: bool| {
            let (mut text, left) = clean(letters, text, most);
            if left > 0 && tell {
                text += &format!("… {left} letters more stand in the export as JSON Lines");
            } else if left > 0 {
                text.push('…');
            }
            (x, look, broken(letters, look.kind, look.size, width, &text, MAX_LINES))
        };
        let time = row.at.format("%H:%M:%S%.3f").to_string();
        let hash = row.hash.get(..16).unwrap_or(&row.hash);
        vec![
            cell(TIME, TEXT, &time, MAX_CELL, false),
            cell(WHO, TEXT, &row.who, MAX_CELL, false),
            cell(WHAT, STRONG, &row.what, MAX_CELL, false),
            cell(ABOUT, PALE, &row.about, MAX_CELL * 2, false),
            cell(SAYS, TEXT, &row.says, MAX_SAYS, true),
            cell(HASH, PALE, hash, MAX_CELL, false),
        ]
    }

    /// The heads of the columns.
    fn columns(&mut self) {
        self.sheet.at -= 10.0;
        let y = self.sheet.at;
        let place = (MARGIN + POSITION.0 + POSITION.1, y);
        self.sheet.words_until(&mut self.letters, place, HEADING, "event");
        for ((x, _), words) in [
            (TIME, "time (UTC)"),
            (WHO, "who"),
            (WHAT, "what"),
            (ABOUT, "about"),
            (SAYS, "says"),
            (HASH, "hash begins"),
        ] {
            self.sheet.words(&mut self.letters, (MARGIN + x, y), HEADING, words);
        }
        self.sheet.at -= 4.0;
        self.sheet.rule(self.sheet.at);
    }

    /// Puts the page into the file and begins the next one.
    fn turn(&mut self) {
        let full = std::mem::replace(&mut self.sheet, Sheet::new());
        self.put(full);
        self.columns();
    }

    fn put(&mut self, mut sheet: Sheet) {
        self.pages += 1;
        let letters = &mut self.letters;
        if self.pages > 1 {
            sheet.words(letters, (MARGIN, HEIGHT - 30.0), PALE, &self.over.0);
            sheet.words_until(letters, (WIDTH - MARGIN, HEIGHT - 30.0), PALE, &self.over.1);
            sheet.rule(HEIGHT - 36.0);
        }
        sheet.rule(BOTTOM - 8.0);
        let y = BOTTOM - 18.0;
        sheet.words(letters, (MARGIN, y), PALE, &self.under);
        let end = WIDTH - MARGIN - 24.0;
        sheet.words_until(letters, (end, y), PALE, &format!("page {} of", self.pages));
        sheet.drawing((end + 2.0, y), TOTAL);
        if self.branches.last().is_none_or(|(_, pages)| pages.len() == BRANCH) {
            self.branches.push((self.file.reserve(), Vec::new()));
        }
        let [page, content] = [(); 2].map(|()| self.file.reserve());
        let Some((branch, pages)) = self.branches.last_mut() else { return };
        pages.push(page);
        let squeezed = packed(&sheet.finish());
        self.file.put(content, |chunk| {
            chunk.stream(content, &squeezed).filter(Filter::FlateDecode);
        });
        self.file.put(page, |chunk| {
            let mut page = chunk.page(page);
            page.parent(*branch).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(content);
            page.pair(Name(b"Resources"), self.resources);
        });
    }

    fn put_total(&mut self) {
        let shown = self.letters.encoded(PALE.kind, &self.pages.to_string());
        let mut content = Content::new();
        content.set_fill_rgb(0.42, 0.44, 0.48).begin_text();
        content.set_font(name(PALE.kind), PALE.size).show(Str(&shown)).end_text();
        let content = content.finish();
        let (total, fonts) = (self.total, self.letters.names());
        self.file.put(total, |chunk| {
            let mut drawing = chunk.form_xobject(total, &content);
            drawing.bbox(Rect::new(0.0, -4.0, 40.0, 12.0));
            drawing.resources().fonts().pairs(fonts);
        });
    }

    fn put_tree(&mut self) {
        let whole = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let branches: Vec<Ref> = self.branches.iter().map(|(branch, _)| *branch).collect();
        let (tree, pages) = (self.tree, whole(self.pages));
        self.file.put(tree, |chunk| {
            chunk.pages(tree).kids(branches).count(pages);
        });
        for (branch, pages) in std::mem::take(&mut self.branches) {
            self.file.put(branch, |chunk| {
                let count = whole(pages.len());
                chunk.pages(branch).parent(tree).kids(pages).count(count);
            });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a cell has few lines")]
fn lines_high(lines: usize) -> f32 {
    lines.max(1) as f32 * LEADING
}

fn outcome_words(outcome: AuditOutcome) -> (Ink, &'static str) {
    let ink = match outcome {
        AuditOutcome::Done => Ink::Green,
        AuditOutcome::Failed => Ink::Red,
        AuditOutcome::Refused => Ink::Amber,
    };
    (ink, outcome.name())
}

fn date(at: DateTime<Utc>) -> Date {
    use chrono::{Datelike, Timelike};
    let small = |value: u32| u8::try_from(value).unwrap_or_default();
    Date::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
}
