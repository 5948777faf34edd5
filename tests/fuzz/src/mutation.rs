//! Random changes of an input.

use rand::{RngExt as _, rngs::StdRng};

/// Longest input, bytes.
const LEN_MAX: usize = 8 * 1024;

/// Bytes that mean something in fields and targets.
const SIGNS: &[u8] = b"\"\\,;:=()/?&%#@[]*-+_.<> \t\r\n\0\x7f\xff0189azAZ";

/// The sample with one to eight changes, which may take from another sample and from a list of words.
pub(crate) fn mutate(random: &mut StdRng, sample: &[u8], other: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..random.random_range(1..=8) {
        change(random, &mut bytes, other, words);
    }
    bytes.truncate(LEN_MAX);
    bytes
}

fn change(random: &mut StdRng, bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]]) {
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..8) {
        0 if at < bytes.len() => bytes[at] = random.random(),
        1 if at < bytes.len() => bytes[at] = SIGNS[random.random_range(0..SIGNS.len())],
        2 => bytes.insert(at, SIGNS[random.random_range(0..SIGNS.len())]),
        3 => drop(bytes.drain(piece(random, bytes.len()))),
        4 if !words.is_empty() => insert(bytes, at, words[random.random_range(0..words.len())]),
        5 => insert(bytes, at, &other[piece(random, other.len())]),
        // Again and again: depth, length and number are limits too.
        6 => {
            let again = bytes[piece(random, bytes.len().min(64))].repeat(random.random_range(1..64));
            insert(bytes, at, &again);
        }
        _ => {
            let digits = random.random::<u64>() >> random.random_range(0..64);
            insert(bytes, at, digits.to_string().as_bytes());
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    if bytes.len() + more.len() <= LEN_MAX {
        bytes.splice(at..at, more.iter().copied());
    }
}

/// Some of so many bytes.
fn piece(random: &mut StdRng, len: usize) -> std::ops::Range<usize> {
    let (one, other) = (random.random_range(0..=len), random.random_range(0..=len));
    one.min(other)..one.max(other)
}
