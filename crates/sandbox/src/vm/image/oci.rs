//! An image that `docker save`, `podman save`, `skopeo copy … oci-archive:` and the like wrote into one tar: which layers
//! it has, and whether each is the one that is meant.
//!
//! The layout of the Open Container Initiative names everything by its SHA-256: what is read is checked against its name.
//! Older archives name the digests of the unpacked layers in the image's configuration; then those are checked.

mod zstd;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    archive::{Kind, bad, each},
    tree::{LARGEST, Tree},
};

/// Lists of what an image has are small.
const LARGEST_LIST: u64 = 4 << 20;

/// No tool makes more.
const MOST_LAYERS: usize = 512;

/// A list may name lists, so many deep.
const DEEPEST: usize = 4;

/// How the layers of an image are packed: the first bytes tell.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Fills a folder, which is made, with what the image has.
pub(super) fn unpack(archive: &Path, into: &Path) -> io::Result<()> {
    unpack_within(archive, into, 2 * LARGEST)
}

/// `most` is how many bytes one layer may unpack to. Headers and padding are some more than the files.
fn unpack_within(archive: &Path, into: &Path, most: u64) -> io::Result<()> {
    let saved = Saved::open(archive, most)?;
    let layers = saved.layers()?;
    let mut tree = Tree::make(into)?;
    for layer in &layers {
        // Twice: the first time proves it too, before anything of it is put in.
        saved.layer(layer, |content| tree.clear(content))?;
        saved.layer(layer, |content| tree.fill(content))?;
    }
    Ok(())
}

/// The archive: where in it each file is.
struct Saved {
    path: PathBuf,
    files: HashMap<PathBuf, (u64, u64)>,
    /// How many bytes a layer may unpack to.
    most: u64,
}

/// Whose digest a layer is known by.
#[derive(Debug, PartialEq, Eq)]
enum Digest {
    Packed(String),
    Unpacked(String),
}

#[derive(Debug, PartialEq, Eq)]
struct Layer {
    file: PathBuf,
    digest: Digest,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// A list of images, or one image.
#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// An image as older programs save it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OldManifest {
    config: PathBuf,
    layers: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Config {
    architecture: Option<String>,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Debug, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

impl Saved {
    fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut start = [0; 2];
        (&file).take(2).read_exact(&mut start)?;
        if start == GZIP {
            return Err(bad("it is packed as a whole: unpack it first, with `gunzip`"));
        }
        (&file).seek(SeekFrom::Start(0))?;
        let mut files = HashMap::new();
        each(BufReader::new(file), |item, _| {
            if item.kind == Kind::File {
                files.insert(item.path, item.place);
            }
            Ok(())
        })?;
        Ok(Self { path: path.to_owned(), files, most })
    }

    fn file(&self, name: &Path) -> io::Result<io::Take<File>> {
        let missing = || bad(format!("it has no {}: it is no saved image", name.display()));
        let (from, size) = self.files.get(name).ok_or_else(missing)?;
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(*from))?;
        Ok(file.take(*size))
    }

    fn list<T: DeserializeOwned>(&self, name: &Path, digest: Option<&str>) -> io::Result<T> {
        let mut bytes = Vec::new();
        self.file(name)?.take(LARGEST_LIST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_LIST {
            return Err(bad(format!("{} is too large", name.display())));
        }
        if let Some(digest) = digest {
            let mut context = Context::new(&SHA256);
            context.update(&bytes);
            compare(name, digest, context)?;
        }
        serde_json::from_slice(&bytes).map_err(|error| bad(format!("{}: {error}", name.display())))
    }

    fn layers(&self) -> io::Result<Vec<Layer>> {
        let layers = if self.files.contains_key(Path::new("index.json")) {
            self.by_layout(&self.list(Path::new("index.json"), None)?, 0)?
        } else {
            self.by_old_manifest()?
        };
        if layers.is_empty() || layers.len() > MOST_LAYERS {
            return Err(bad(format!("it has {} layers; 1 to {MOST_LAYERS} are wanted", layers.len())));
        }
        Ok(layers)
    }

    fn by_layout(&self, list: &Manifest, depth: usize) -> io::Result<Vec<Layer>> {
        if let Some(config) = &list.config {
            let config: Config = self.list(&blob(&config.digest)?, Some(config.digest.as_str()))?;
            fits(config.architecture.as_deref())?;
            let layer = |layer: &Descriptor| {
                Ok(Layer { file: blob(&layer.digest)?, digest: Digest::Packed(layer.digest.clone()) })
            };
            return list.layers.iter().map(layer).collect();
        }
        let ours = |platform: &Platform| platform.os == "linux" && platform.architecture == architecture();
        let chosen = list.manifests.iter().find(|one| one.platform.as_ref().is_none_or(ours));
        let Some(chosen) = chosen.filter(|_| depth < DEEPEST) else {
            return Err(bad(format!("it has no image for linux/{}", architecture())));
        };
        let manifest = self.list(&blob(&chosen.digest)?, Some(chosen.digest.as_str()))?;
        self.by_layout(&manifest, depth + 1)
    }

    fn by_old_manifest(&self) -> io::Result<Vec<Layer>> {
        let images: Vec<OldManifest> = self.list(Path::new("manifest.json"), None)?;
        let [image] = images.as_slice() else {
            return Err(bad(format!("it has {} images; save one", images.len())));
        };
        let config: Config = self.list(&image.config, None)?;
        fits(config.architecture.as_deref())?;
        let digests = config.rootfs.diff_ids;
        if digests.len() != image.layers.len() {
            return Err(bad("its configuration names other layers than it has"));
        }
        let layer = |(file, digest): (&PathBuf, String)| Layer {
            file: file.clone(),
            digest: Digest::Unpacked(digest),
        };
        Ok(image.layers.iter().zip(digests).map(layer).collect())
    }

    /// Hands a layer on, unpacked, and checks it.
    fn layer(&self, layer: &Layer, take: impl FnOnce(&mut dyn Read) -> io::Result<()>) -> io::Result<()> {
        let mut packed = Hashed::new(self.file(&layer.file)?);
        let mut start = [0; 4];
        self.file(&layer.file)?.take(4).read_exact(&mut start).or_else(too_short)?;
        let of_unpacked = {
            let unpacked: Box<dyn Read + '_> = if start == ZSTD {
                Box::new(zstd::Frames::new(&mut packed))
            } else if start.starts_with(&GZIP) {
                Box::new(MultiGzDecoder::new(BufReader::new(&mut packed)))
            } else {
                Box::new(&mut packed)
            };
            // One byte more tells what is too much from what is just enough.
            let mut unpacked = Hashed::new(unpacked.take(self.most + 1));
            let taken = take(&mut unpacked);
            if taken.is_ok() {
                // What is behind the archive's end belongs to the digest too.
                io::copy(&mut unpacked, &mut io::sink())?;
            }
            if unpacked.inner.limit() == 0 {
                return Err(bad(format!("one of its layers unpacks to more than {} MiB", self.most >> 20)));
            }
            taken?;
            unpacked.context
        };
        io::copy(&mut packed, &mut io::sink())?;
        match &layer.digest {
            Digest::Packed(digest) => compare(&layer.file, digest, packed.context),
            Digest::Unpacked(digest) => compare(&layer.file, digest, of_unpacked),
        }
    }
}

/// What is shorter than the mark of how it is packed is not packed.
fn too_short(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::UnexpectedEof { Ok(()) } else { Err(error) }
}

/// Hashes what is read through it.
struct Hashed<R> {
    inner: R,
    context: Context,
}

impl<R> Hashed<R> {
    fn new(inner: R) -> Self {
        Self { inner, context: Context::new(&SHA256) }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.context.update(&buffer[..count]);
        Ok(count)
    }
}

/// Where the layout keeps what has this digest.
fn blob(digest: &str) -> io::Result<PathBuf> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    if hex.len() != 64 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let digest: String = digest.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(bad(format!("`{digest}` is no SHA-256")));
    }
    Ok(Path::new("blobs/sha256").join(hex))
}

fn compare(name: &Path, digest: &str, context: Context) -> io::Result<()> {
    let found = super::super::host::hex(context.finish().as_ref());
    if digest.strip_prefix("sha256:") == Some(found.as_str()) {
        return Ok(());
    }
    Err(bad(format!("{} is not what it is said to be: its SHA-256 is another", name.display())))
}

/// As images name the processor of this machine.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn fits(found: Option<&str>) -> io::Result<()> {
    match found {
        Some(found) if found != architecture() => {
            let found: String = found.chars().filter(|c| !c.is_control()).take(40).collect();
            Err(bad(format!("it is for {found}, and this machine is {}", architecture())))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
