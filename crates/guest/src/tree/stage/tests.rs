use std::os::unix::fs::{MetadataExt, symlink};

use super::*;
use crate::tree::{LinkTarget, Piece, Source, changes, scan};

const BOUNDS: Bounds = Bounds { entries: 50, bytes: 10_000 };

struct Ground {
    root: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    fn folder(&self) -> Folder {
        Folder::open(&self.at("")).unwrap()
    }

    fn known(&self) -> Known {
        scan(&self.folder(), 1000).unwrap()
    }

    fn stage(&self) -> Stage {
        Stage::begin(&self.root.path().join("stage"), BOUNDS, None).unwrap()
    }

    /// What a guest sends, entry by entry, each file with its bytes.
    fn receive(&self, entries: &[(Entry, &[u8])]) -> Result<(), TreeError> {
        let mut known = self.known();
        let mut stage = self.stage();
        let mut totals = Totals::default();
        for (entry, bytes) in entries {
            totals.entries += 1;
            totals.bytes += bytes.len() as u64;
            stage.entry(entry.clone())?;
            bytes.chunks(3).try_for_each(|chunk| stage.data(chunk))?;
        }
        stage.end(totals, &known)?.land(&mut self.folder(), &mut known, false)?;
        assert_eq!(known, self.known());
        Ok(())
    }

    fn all(&self) -> Vec<String> {
        self.known().keys().map(ToString::to_string).collect()
    }
}

fn entry(path: &str, content: Content) -> Entry {
    Entry { path: EntryPath::new(path.as_bytes()).unwrap(), content }
}

fn file(path: &str, mode: u32, size: u64) -> Entry {
    entry(path, Content::File { mode, size, mtime: Mtime { seconds: 1_000_000, nanos: 5 } })
}

fn link(path: &str, to: &str) -> Entry {
    entry(path, Content::Link { to: LinkTarget::new(to.as_bytes()).unwrap() })
}

fn folder(path: &str) -> Entry {
    entry(path, Content::Folder { mode: 0o755 })
}

fn gone(path: &str) -> Entry {
    entry(path, Content::Gone)
}

#[test]
fn files_folders_and_links_arrive_as_they_were_but_for_setuid() {
    let ground = Ground::new();
    ground
        .receive(&[
            (folder("a"), b""),
            (file("a/run", 0o104_755, 5), b"12345"),
            (file("a/empty", 0o000, 0), b""),
            (link("a/etc", "/etc/passwd"), b""),
        ])
        .unwrap();
    assert_eq!(fs::read(ground.at("a/run")).unwrap(), b"12345");
    let seen = fs::metadata(ground.at("a/run")).unwrap();
    assert_eq!((seen.mode() & 0o7777, seen.mtime(), seen.mtime_nsec()), (0o755, 1_000_000, 5));
    assert_eq!(fs::metadata(ground.at("a/empty")).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_link(ground.at("a/etc")).unwrap(), Path::new("/etc/passwd"));
    assert!(!ground.root.path().join("stage").exists());
}

#[test]
fn a_link_is_no_way_out_of_the_folder_whichever_side_made_it() {
    let outside = tempfile::tempdir().unwrap();
    let to = outside.path().to_str().unwrap();
    let ground = Ground::new();
    // It sends a link and then a file through it.
    let both = [(link("a", to), b"".as_slice()), (file("a/evil", 0o644, 1), b"x")];
    assert!(matches!(ground.receive(&both), Err(TreeError::Refused(_))));
    assert_eq!(ground.all(), Vec::<String>::new(), "nothing of it landed");
    // The link lay there before.
    symlink(to, ground.at("a")).unwrap();
    assert!(matches!(ground.receive(&[(file("a/evil", 0o644, 1), b"x")]), Err(TreeError::Refused(_))));
    // The link took the place of a folder after it was looked at.
    let ground = Ground::new();
    fs::create_dir(ground.at("a")).unwrap();
    let mut known = ground.known();
    let mut stage = ground.stage();
    stage.entry(file("a/evil", 0o644, 0)).unwrap();
    fs::remove_dir(ground.at("a")).unwrap();
    symlink(to, ground.at("a")).unwrap();
    let landed = stage.end(Totals { entries: 1, bytes: 0 }, &known).unwrap();
    assert!(matches!(landed.land(&mut ground.folder(), &mut known, false), Err(TreeError::Io { .. })));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_link_in_the_place_of_a_file_is_replaced_and_what_it_names_is_not_written_to() {
    let ground = Ground::new();
    let outside = ground.root.path().join("outside");
    fs::write(&outside, "safe").unwrap();
    symlink(&outside, ground.at("a")).unwrap();
    ground.receive(&[(file("a", 0o644, 4), b"evil")]).unwrap();
    assert_eq!(
        (fs::read(outside).unwrap(), fs::read(ground.at("a")).unwrap()),
        (b"safe".into(), b"evil".into())
    );
}

#[test]
fn what_does_not_fit_together_changes_nothing() {
    let ground = Ground::new();
    fs::create_dir(ground.at("d")).unwrap();
    fs::write(ground.at("d/stays"), "x").unwrap();
    fs::write(ground.at("d-other"), "x").unwrap();
    let before = ground.known();
    let refused: [&[(Entry, &[u8])]; 8] = [
        &[(file("new", 0o644, 1), b"x"), (file("new", 0o644, 1), b"y")],
        &[(file("new", 0o644, 1), b"x"), (file("no/such/folder", 0o644, 1), b"y")],
        &[(file("new", 0o644, 2), b"x")],
        &[(file("new", 0o644, 1), b"xy")],
        &[(file("new", 0o644, 1), b"x"), (gone("never-there"), b"")],
        &[(file("new", 0o644, 1), b"x"), (gone("d"), b"")],
        &[(file("new", 0o644, 1), b"x"), (link("d", "elsewhere"), b"")],
        &[(file("new", 0o644, 1), b"x"), (folder("d-other"), b""), (file("d-other", 0o644, 1), b"")],
    ];
    for entries in refused {
        let error = ground.receive(entries).unwrap_err();
        assert!(matches!(error, TreeError::Refused(_)), "{error}");
        assert_eq!(ground.known(), before);
    }
    let mut stage = ground.stage();
    stage.entry(file("new", 0o644, 0)).unwrap();
    assert!(
        stage.end(Totals { entries: 2, bytes: 0 }, &before).is_err(),
        "one was announced and did not come"
    );
    let mut stage = ground.stage();
    assert!(matches!(stage.data(b"x"), Err(TreeError::Refused(_))));
}

#[test]
fn a_giant_and_a_multitude_are_refused_before_they_are_written() {
    let ground = Ground::new();
    let error = ground.stage().entry(file("giant", 0o644, u64::MAX)).unwrap_err();
    assert!(matches!(error, TreeError::TooMuch(_)), "{error}");
    let mut stage = ground.stage();
    stage.entry(file("half", 0o644, 9_000)).unwrap();
    stage.data(&[0; 9_000]).unwrap();
    assert!(matches!(stage.entry(file("half-again", 0o644, 9_000)), Err(TreeError::TooMuch(_))));
    drop(stage);
    let mut stage = ground.stage();
    let outcome = (0..1_000_000).try_for_each(|number| stage.entry(folder(&number.to_string())));
    assert!(matches!(outcome, Err(TreeError::TooMuch(_))));
    assert_eq!(stage.entries.len(), 50);
}

#[test]
fn things_change_their_kind_and_whole_folders_go() {
    let ground = Ground::new();
    fs::create_dir_all(ground.at("a/b")).unwrap();
    fs::write(ground.at("a/b/c"), "x").unwrap();
    fs::write(ground.at("file"), "x").unwrap();
    let to_file = [(gone("a/b/c"), b"".as_slice()), (gone("a/b"), b""), (file("a", 0o644, 1), b"y")];
    ground.receive(&to_file).unwrap();
    ground.receive(&[(folder("file"), b""), (file("file/in", 0o644, 1), b"z")]).unwrap();
    assert_eq!(ground.all(), ["a", "file", "file/in"]);
    ground.receive(&[(gone("file/in"), b""), (gone("file"), b""), (gone("a"), b"")]).unwrap();
    assert_eq!(ground.all(), Vec::<String>::new());
}

#[test]
fn a_folder_that_goes_leaves_what_is_never_exchanged_unless_it_is_to_be_cleared() {
    for clear in [false, true] {
        let ground = Ground::new();
        fs::create_dir_all(ground.at("a/.git")).unwrap();
        fs::write(ground.at("a/.git/config"), "x").unwrap();
        let mut known = ground.known();
        let mut stage = ground.stage();
        stage.entry(gone("a")).unwrap();
        let landed = stage.end(Totals { entries: 1, bytes: 0 }, &known).unwrap();
        landed.land(&mut ground.folder(), &mut known, clear).unwrap();
        assert_eq!(ground.at("a/.git/config").exists(), !clear);
    }
}

#[test]
fn what_one_side_sends_is_what_the_other_has_then() {
    let (here, there) = (Ground::new(), Ground::new());
    fs::create_dir_all(here.at("src/deep")).unwrap();
    fs::write(here.at("src/deep/main.rs"), vec![b'x'; 5_000]).unwrap();
    fs::write(here.at("empty"), "").unwrap();
    symlink("src/deep", here.at("link")).unwrap();
    let (mut sent, mut landed) = (Known::new(), Known::new());
    let mut exchange = |expected: u64| {
        let new = changes(&sent, &here.known());
        let mut stage = there.stage();
        let totals = Source::new(&mut here.folder()).send(new, BOUNDS, &mut sent, |piece| {
            match piece {
                Piece::Entry(entry) => stage.entry(entry),
                Piece::Data(bytes) => stage.data(bytes),
            }
            .map_err(std::io::Error::other)
        });
        let totals = totals.unwrap();
        assert_eq!(totals.entries, expected);
        stage.end(totals, &landed).unwrap().land(&mut there.folder(), &mut landed, true).unwrap();
        assert_eq!((here.all(), &landed), (there.all(), &there.known()));
    };
    exchange(5);
    exchange(0);
    fs::remove_file(here.at("link")).unwrap();
    fs::write(here.at("src/deep/main.rs"), "short").unwrap();
    exchange(2);
    assert_eq!(fs::read(there.at("src/deep/main.rs")).unwrap(), b"short");
}

#[test]
fn a_file_that_changes_between_the_look_and_the_reading_is_not_sent() {
    let ground = Ground::new();
    fs::write(ground.at("a"), "12345").unwrap();
    let new = changes(&Known::new(), &ground.known());
    fs::write(ground.at("a"), "123456789").unwrap();
    let sent = Source::new(&mut ground.folder()).send(new.clone(), BOUNDS, &mut Known::new(), |_| Ok(()));
    assert!(matches!(sent, Err(TreeError::Changed(_))));
    fs::remove_file(ground.at("a")).unwrap();
    symlink("/etc/passwd", ground.at("a")).unwrap();
    let sent = Source::new(&mut ground.folder()).send(new, BOUNDS, &mut Known::new(), |_| Ok(()));
    assert!(sent.is_err());
}
