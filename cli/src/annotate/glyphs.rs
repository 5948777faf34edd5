//! The characters of labels as dots: digits, point, per cent sign. Five wide, seven high.

/// Columns of a glyph.
pub(super) const WIDTH: i64 = 5;
/// Rows of a glyph.
pub(super) const HEIGHT: i64 = 7;

/// One byte a row, the leftmost column in bit 4.
type Glyph = [u8; HEIGHT as usize];

const DIGITS: [Glyph; 10] = [
    [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
    [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
    [0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111],
    [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
    [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
    [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
    [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
    [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
    [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
    [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
];
const POINT: Glyph = [0, 0, 0, 0, 0, 0b01100, 0b01100];
const PER_CENT: Glyph = [0b11000, 0b11001, 0b00010, 0b00100, 0b01000, 0b10011, 0b00011];
const BLANK: Glyph = [0; HEIGHT as usize];

/// Column and row of each dot of a character; none for a character that labels do not use.
pub(super) fn dots(character: char) -> impl Iterator<Item = (i64, i64)> {
    let glyph = match character {
        '0'..='9' => DIGITS[character as usize - '0' as usize],
        '.' => POINT,
        '%' => PER_CENT,
        _ => BLANK,
    };
    (0..HEIGHT).flat_map(move |row| {
        (0..WIDTH)
            .filter(move |column| glyph[row as usize] >> (WIDTH - 1 - column) & 1 == 1)
            .map(move |column| (column, row))
    })
}
