//! A legacy file made by hand: one tensor of two rows, seen transposed.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn text(value: &str) -> Vec<u8> {
    [b"X".as_slice(), &u32::try_from(value.len()).unwrap().to_le_bytes(), value.as_bytes()].concat()
}

fn file(offset: u8) -> Vec<u8> {
    let magic = [b"\x80\x02\x8a\x0a".as_slice(), &MAGIC, b"."].concat();
    let protocol = b"\x80\x02M\xe9\x03.".to_vec();
    let system = [b"\x80\x02}q\x00(".as_slice(), &text("little_endian"), b"\x88u."].concat();
    let dictionary = b"ccollections\nOrderedDict\nq\x00)R".as_slice();
    let state = [
        b"\x80\x02".as_slice(),
        dictionary,
        b"(",
        &text("layer.weight"),
        b"ctorch._utils\n_rebuild_tensor_v2\n((",
        &text("storage"),
        b"ctorch\nFloatStorage\n",
        &text("7"),
        &text("cpu"),
        b"K\x06NtQK",
        &[offset],
        // Shape (3, 2), stride (1, 3).
        b"K\x03K\x02\x86K\x01K\x03\x86\x89h\x00)RtRu}",
        &text("_metadata"),
        b"Nsb.",
    ]
    .concat();
    let order = [b"\x80\x02](".as_slice(), &text("7"), b"e."].concat();
    let numbers = (1..=6_u8).flat_map(|value| f32::from(value).to_le_bytes()).collect::<Vec<_>>();
    [magic, protocol, system, state, order, 6_u64.to_le_bytes().to_vec(), numbers].concat()
}

#[test]
fn strides_are_followed() {
    let tensors = read("x", &file(0)).unwrap();
    assert_eq!(
        tensors["layer.weight"],
        Values { shape: vec![3, 2], values: vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0] }
    );
}

/// Whatever the bytes, there is an answer: never a panic, never a read outside of the storage.
#[test]
fn damaged_files_are_refused() {
    assert!(read("x", &file(1)).is_err());
    let whole = file(0);
    for len in 0..whole.len() {
        assert!(read("x", &whole[..len]).is_err(), "{len}");
    }
    for index in 0..whole.len() {
        let mut changed = whole.clone();
        changed[index] ^= 0x55;
        // Some changes are only other names or numbers.
        let _ = read("x", &changed);
    }
    let mut longer = whole;
    longer.push(0);
    assert!(read("x", &longer).is_err());
}
