//! Which chunks count.

use super::*;

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
    let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    [name.as_slice(), &len, data, padding].concat()
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"RIFF\0\0\0\0WEBP".as_slice(), &chunks.concat()].concat()
}

#[test]
fn only_losslessly_coded_data_count() {
    let (header, profile, lossy) =
        (chunk(b"VP8X", &[0; 10]), chunk(b"ICCP", &[7; 33]), chunk(b"VP8 ", &[1; 5]));
    assert_eq!(coding_of(&file(std::slice::from_ref(&lossy))), Coding::Lossy);
    assert_eq!(coding_of(&file(&[header.clone(), profile.clone(), lossy.clone()])), Coding::Lossy);
    assert_eq!(coding_of(&file(&[chunk(b"VP8L", &[0; 9])])), Coding::Lossless { len: 9 });
    let lossless = file(&[header.clone(), profile.clone(), chunk(b"VP8L", &[0; 11]), profile]);
    assert_eq!(coding_of(&lossless), Coding::Lossless { len: 11 });
    for name in [b"ALPH", b"ANMF"] {
        let with_alpha = file(&[header.clone(), chunk(name, &[0; 3]), lossy.clone()]);
        assert_eq!(coding_of(&with_alpha), Coding::LossyWithAlpha { len: 3 });
    }
}

#[test]
fn a_length_beyond_the_file_counts_what_is_there() {
    let mut bytes = file(&[chunk(b"VP8L", &[0; 6])]);
    bytes[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(coding_of(&bytes), Coding::Lossless { len: 6 });
    assert_eq!(coding_of(&bytes[..10]), Coding::Lossy);
}
