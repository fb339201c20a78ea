//! A wire between a worker and its server that breaks when it is told to: what was asked arrives, the answer does not.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// What is asked so often is not answered.
#[derive(Default)]
struct Cuts {
    asked: &'static str,
    left: usize,
}

pub struct Wire {
    here: SocketAddr,
    cuts: Arc<Mutex<Cuts>>,
}

impl Wire {
    /// A wire to the server at this URL. It lives as long as the test.
    pub fn to(url: &str) -> Self {
        let there: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        // The server answers only to its own address, so that is put into what is asked: it must be of the same length.
        let (listener, here) = (0..1_000)
            .find_map(|_| {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let here = listener.local_addr().unwrap();
                (here.to_string().len() == there.to_string().len()).then_some((listener, here))
            })
            .unwrap();
        let cuts = Arc::new(Mutex::new(Cuts::default()));
        let known = Arc::clone(&cuts);
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(there).unwrap());
                let cuts = Arc::clone(&known);
                thread::spawn(move || carry(&near, &far, (here, there), &cuts));
            }
        });
        Self { here, cuts }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.here)
    }

    /// Breaks before the answer to what begins so, this often.
    pub fn cut_answers_to(&self, asked: &'static str, times: usize) {
        *self.cuts.lock().unwrap() = Cuts { asked, left: times };
    }

    /// How many cuts are still to be made.
    pub fn left(&self) -> usize {
        self.cuts.lock().unwrap().left
    }
}

/// Carries one connection in both directions until either end closes, or it is cut.
fn carry(near: &TcpStream, far: &TcpStream, (here, there): (SocketAddr, SocketAddr), cuts: &Mutex<Cuts>) {
    let cut = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            pass(near, far, |bytes| {
                let asked = replaced(bytes, here.to_string().as_bytes(), there.to_string().as_bytes());
                let mut cuts = cuts.lock().unwrap();
                if cuts.left > 0 && asked.starts_with(cuts.asked.as_bytes()) {
                    cuts.left -= 1;
                    cut.store(true, Ordering::SeqCst);
                }
                Some(asked)
            });
        });
        // What was asked has arrived as soon as there is an answer; that one is kept back.
        pass(far, near, |bytes| (!cut.load(Ordering::SeqCst)).then(|| bytes.to_vec()));
    });
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, mut change: impl FnMut(&[u8]) -> Option<Vec<u8>>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let Some(bytes) = change(&buffer[..read]) else { break };
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    for end in [from, to] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    while at + old.len() <= bytes.len() {
        if &bytes[at..at + old.len()] == old {
            bytes[at..at + old.len()].copy_from_slice(new);
        }
        at += 1;
    }
    bytes
}
