//! Saved images of both kinds, and such as lie.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tar::{Builder, Header};

use super::*;

fn digest(bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    format!("sha256:{}", crate::vm::host::hex(context.finish().as_ref()))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_uid(nix::unistd::geteuid().as_raw().into());
        header.set_gid(nix::unistd::getegid().as_raw().into());
        header.set_cksum();
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    archive(
        &files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect::<Vec<_>>(),
    )
}

/// The two layers of every image here.
fn layers() -> [Vec<u8>; 2] {
    [layer(&[("etc/one", "1"), ("etc/two", "2")]), layer(&[("etc/.wh.one", ""), ("etc/three", "3")])]
}

/// A layout, whose parts are named by their digests.
#[derive(Default)]
struct Layout(Vec<(String, Vec<u8>)>);

impl Layout {
    fn blob(&mut self, bytes: Vec<u8>) -> String {
        let digest = digest(&bytes);
        self.0.push((blob(&digest).unwrap().display().to_string(), bytes));
        digest
    }

    fn json(&mut self, value: &Value) -> String {
        self.blob(value.to_string().into_bytes())
    }

    fn image(&mut self, architecture: &str, layers: Vec<Vec<u8>>) -> String {
        let config = self.json(&json!({"architecture": architecture, "os": "linux"}));
        let layers: Vec<_> = layers.into_iter().map(|bytes| json!({"digest": self.blob(bytes)})).collect();
        self.json(&json!({"schemaVersion": 2, "config": {"digest": config}, "layers": layers}))
    }

    fn index(mut self, manifests: &Value) -> Vec<u8> {
        self.0.push(("index.json".to_owned(), json!({ "manifests": manifests }).to_string().into_bytes()));
        archive(&self.0)
    }
}

fn unpacked(archive: &[u8]) -> (tempfile::TempDir, io::Result<()>) {
    let ground = tempfile::tempdir().unwrap();
    fs::write(ground.path().join("image.tar"), archive).unwrap();
    let done = unpack(&ground.path().join("image.tar"), &ground.path().join("root"));
    (ground, done)
}

fn names(ground: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(ground.path().join("root/etc")).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_layers_of_a_layout_for_this_machine_are_put_over_one_another() {
    let mut layout = Layout::default();
    let [below, above] = layers();
    let other = layout.image("s390x", vec![layer(&[("etc/wrong", "")])]);
    let ours = layout.image(architecture(), vec![packed(&below), above]);
    // As builders write it: a list in the list, and notes that are for no machine.
    let list = layout.json(&json!({"manifests": [
        {"digest": other, "platform": {"architecture": "s390x", "os": "linux"}},
        {"digest": other, "platform": {"architecture": "unknown", "os": "unknown"}},
        {"digest": ours, "platform": {"architecture": architecture(), "os": "linux"}},
    ]}));
    let (ground, done) = unpacked(&layout.index(&json!([{ "digest": list }])));
    done.unwrap();
    assert_eq!(names(&ground), ["three", "two"]);
}

#[test]
fn an_archive_of_an_older_program_is_read_too() {
    let [below, above] = layers();
    let config =
        json!({"architecture": architecture(), "rootfs": {"diff_ids": [digest(&below), digest(&above)]}});
    let manifest = json!([{"Config": "abc.json", "Layers": ["a/layer.tar", "b/layer.tar"]}]);
    let save = |above: Vec<u8>| {
        archive(&[
            ("a/layer.tar".to_owned(), below.clone()),
            ("b/layer.tar".to_owned(), above),
            ("abc.json".to_owned(), config.to_string().into_bytes()),
            ("manifest.json".to_owned(), manifest.to_string().into_bytes()),
        ])
    };
    let (ground, done) = unpacked(&save(packed(&above)));
    done.unwrap();
    assert_eq!(names(&ground), ["three", "two"]);
    let (_ground, done) = unpacked(&save(layer(&[("etc/forged", "")])));
    assert!(done.unwrap_err().to_string().contains("SHA-256 is another"));
}

/// `etc/one` and `etc/two`, packed by the program `zstd` as some builders do: two frames, and notes between them.
const ZSTD_LAYER: &[u8] = include_bytes!("layer.tar.zst");

fn of_zstd(layer: Vec<u8>) -> Vec<u8> {
    let mut layout = Layout::default();
    let config = layout.json(&json!({"architecture": architecture(), "os": "linux"}));
    let layer = json!({
        "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd",
        "digest": layout.blob(layer)
    });
    let image = layout.json(&json!({"schemaVersion": 2, "config": {"digest": config}, "layers": [layer]}));
    layout.index(&json!([{ "digest": image }]))
}

#[test]
fn a_layer_that_is_packed_with_zstd_is_read_frame_by_frame() {
    let (ground, done) = unpacked(&of_zstd(ZSTD_LAYER.to_vec()));
    done.unwrap();
    assert_eq!(names(&ground), ["one", "two"]);
    assert_eq!(fs::read_to_string(ground.path().join("root/etc/two")).unwrap(), "2");
    // Each beginning of it, and each of its bytes turned: a layer, or an error that says why; and never without an end.
    for cut in 4..ZSTD_LAYER.len() {
        let mut turned = ZSTD_LAYER.to_vec();
        turned[cut] ^= 0xff;
        for hostile in [ZSTD_LAYER[..cut].to_vec(), turned] {
            if let Err(error) = unpacked(&of_zstd(hostile)).1 {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// A frame of so many blocks of 128 KiB of nothing each, in four bytes each.
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    // Its mark; no checksum, no size; a window of 128 KiB.
    let mut bomb = [&ZSTD[..], &[0x00, 7 << 3]].concat();
    for block in 1..=blocks {
        let head = (128_u32 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        bomb.extend(&head.to_le_bytes()[..3]);
        bomb.push(0);
    }
    bomb
}

#[test]
fn a_layer_that_unpacks_to_too_much_is_refused_however_it_is_packed() {
    let nothing = vec![0; 8 << 20];
    let gzip = packed(&nothing);
    let mut layout = Layout::default();
    let image = layout.image(architecture(), vec![gzip]);
    let gzip = layout.index(&json!([{ "digest": image }]));
    // As a bomb is: the archive ends at once, and after it comes no end.
    let bomb = zstd_bomb(64);
    assert!(bomb.len() < 300);
    for archive in [gzip, of_zstd(bomb)] {
        let ground = tempfile::tempdir().unwrap();
        fs::write(ground.path().join("image.tar"), archive).unwrap();
        let within = |name: &str, most| {
            unpack_within(&ground.path().join("image.tar"), &ground.path().join(name), most)
        };
        let refused = within("less", (8 << 20) - 1).unwrap_err().to_string();
        assert!(refused.contains("unpacks to more than 7 MiB"), "{refused}");
        within("enough", 8 << 20).unwrap();
    }
    // A window of memory that nobody needs is refused before it is taken.
    let mut window = zstd_bomb(1);
    window[5] = 0xff;
    let refused = unpacked(&of_zstd(window)).1.unwrap_err().to_string();
    assert!(refused.contains("zstd that can be read"), "{refused}");
}

#[test]
fn what_is_not_what_its_name_says_is_refused() {
    let mut layout = Layout::default();
    let [below, above] = layers();
    let image = layout.image(architecture(), vec![below, above]);
    let forged = layout.0.iter().position(|(_, bytes)| *bytes == layers()[1]).unwrap();
    layout.0[forged].1 = layer(&[("etc/forged", "")]);
    let (ground, done) = unpacked(&layout.index(&json!([{ "digest": image }])));
    assert!(done.unwrap_err().to_string().contains("SHA-256 is another"));
    // It was found out before anything of that layer was put in.
    assert_eq!(names(&ground), ["one", "two"]);
}

#[test]
fn what_is_no_image_for_this_machine_says_why() {
    let of = |index: &Value| unpacked(&Layout::default().index(index)).1.unwrap_err().to_string();
    assert!(of(&json!([])).contains("no image for linux"));
    assert!(of(&json!([{"digest": "sha512:00"}])).contains("no SHA-256"));
    assert!(of(&json!([{"digest": "sha256:../../x"}])).contains("no SHA-256"));
    assert!(of(&json!([{ "digest": digest(b"not there") }])).contains("no saved image"));

    let mut layout = Layout::default();
    let image = layout.image("s390x", vec![layers()[0].clone()]);
    let (_ground, done) = unpacked(&layout.index(&json!([{ "digest": image }])));
    assert!(done.unwrap_err().to_string().contains("it is for s390x"));

    // Lists in lists end where our patience does.
    let mut layout = Layout::default();
    let mut list = layout.image(architecture(), vec![layers()[0].clone()]);
    for _ in 0..DEEPEST {
        list = layout.json(&json!({"manifests": [{ "digest": list }]}));
    }
    let (_ground, done) = unpacked(&layout.index(&json!([{ "digest": list }])));
    assert!(done.unwrap_err().to_string().contains("no image for linux"));

    for (bytes, why) in [
        (packed(&layer(&[("x", "")])), "gunzip"),
        (layer(&[("x", "")]), "no saved image"),
        (b"not an archive at all".repeat(100), ""),
    ] {
        let said = unpacked(&bytes).1.unwrap_err().to_string();
        assert!(said.contains(why), "{said}");
    }
}
