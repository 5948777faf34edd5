//! Which lines make a block, and how far its rows reach.

use super::*;

const NAMES: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
const NUMBERS: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// A line by its upper left corner, its width and its slope; 20 pixels high.
fn line(text: &str, x: f32, y: f32, width: f32, slope: f32) -> Line {
    let corner = |x: f32, y: f32| Point { x: x - slope * y, y: y + slope * x };
    let quad = Quad([corner(x, y), corner(x + width, y), corner(x + width, y + 20.0), corner(x, y + 20.0)]);
    Line { text: text.to_owned(), confidence: 0.9, quad }
}

fn ends(quad: &Quad) -> (f32, f32) {
    (quad.0[0].x.round(), quad.0[1].x.round())
}

#[test]
fn rows_below_each_other_make_a_block_and_printed_text_none() {
    for slope in [0.0, 0.1, -0.1] {
        let lines = [
            line("Surname / Nom", 10.0, 0.0, 150.0, slope),
            line("ERIKSSON", 10.0, 30.0, 120.0, slope),
            line(NAMES, 10.0, 200.0, 800.0, slope),
            line(NUMBERS, 10.0, 235.0, 800.0, slope),
        ];
        let blocks = find_blocks(&lines, [].iter());
        assert_eq!(blocks.len(), 1);
        assert_eq!(blocks[0].rows.len(), 2);
        for (row, line) in blocks[0].rows.iter().zip(&lines[2..]) {
            let mut corners = row.0.iter().zip(line.quad.0);
            assert!(corners.all(|(one, other)| (one.x - other.x).hypot(one.y - other.y) < 0.1), "{slope}");
        }
    }
    assert!(find_blocks(&[line("Passport / Passeport", 0.0, 0.0, 200.0, 0.0)], [].iter()).is_empty());
}

#[test]
fn a_row_in_pieces_is_joined_and_one_in_part_is_as_wide_as_the_other() {
    let lines = [
        line("P<UTOERIKSSON<<ANNA<MARIA<<", 10.0, 200.0, 500.0, 0.0),
        line("<<<<", 560.0, 201.0, 60.0, 0.0),
        line(NUMBERS, 12.0, 235.0, 800.0, 0.0),
    ];
    let blocks = find_blocks(&lines, [].iter());
    assert_eq!(blocks.len(), 1);
    let [upper, lower] = blocks[0].rows[..] else { panic!("{} rows", blocks[0].rows.len()) };
    assert_eq!(ends(&upper), (10.0, 812.0));
    assert_eq!(ends(&lower), (12.0, 812.0));
}

/// Bad input: two documents in one picture, beside and below each other.
#[test]
fn zones_of_two_documents_are_two_blocks() {
    let one = [line(NAMES, 10.0, 200.0, 800.0, 0.0), line(NUMBERS, 10.0, 235.0, 800.0, 0.0)];
    let beside = [line(NAMES, 900.0, 202.0, 780.0, 0.0), line(NUMBERS, 900.0, 237.0, 780.0, 0.0)];
    let below = [line(NAMES, 30.0, 700.0, 790.0, 0.0), line(NUMBERS, 30.0, 735.0, 790.0, 0.0)];
    for other in [beside, below] {
        let lines: Vec<Line> = one.iter().cloned().chain(other).collect();
        let blocks = find_blocks(&lines, [].iter());
        assert_eq!(blocks.len(), 2);
        assert!(blocks.iter().all(|block| block.rows.len() == 2));
        assert_eq!(ends(&blocks[0].rows[0]), (10.0, 810.0));
    }
}

#[test]
fn what_could_not_be_read_is_a_row_where_it_lies_like_one() {
    let lines = [line(NUMBERS, 10.0, 235.0, 800.0, 0.05)];
    let place = |x: f32, y: f32, width: f32, slope: f32| line("", x, y, width, slope).quad;
    let names = place(12.0, 200.0, 790.0, 0.05);
    let others =
        [place(12.0, 20.0, 790.0, 0.05), place(12.0, 170.0, 300.0, 0.05), place(12.0, 200.0, 790.0, 0.5)];
    let faint: Vec<Quad> = others.into_iter().chain([names]).collect();
    let blocks = find_blocks(&lines, faint.iter());
    assert_eq!(blocks.len(), 1);
    let [upper, lower] = blocks[0].rows[..] else { panic!("{} rows", blocks[0].rows.len()) };
    assert!(upper.is_near(&names, 0.1) && lower.is_near(&lines[0].quad, 0.1));
    assert!(find_blocks(&[], faint.iter()).is_empty());
}
