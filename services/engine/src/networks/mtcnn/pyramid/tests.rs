//! The pyramid's sizes and tiles.

use super::*;

#[test]
fn levels_end_where_the_picture_is_smaller_than_the_window() {
    assert_eq!(scales(11, 12).count(), 0);
    assert_eq!(scales(12, 12).collect::<Vec<_>>(), [1.0]);
    let levels: Vec<f64> = scales(480, 40).collect();
    assert_eq!(levels.len(), 8);
    assert!((levels[0] - 0.3).abs() < 1e-12 && (levels[1] - 0.3 * 0.709).abs() < 1e-12);
    assert_eq!(scales(1, 12).count(), 0);
}

/// F4: a large level is cut so that memory stays bounded, and no cell is lost or searched twice.
#[test]
fn tiles_cover_every_cell_once() {
    for (height, width) in [(12, 12), (13, 700), (523, 522), (1100, 1537)] {
        let level = Level { scale: 1.0, height, width };
        let (rows, columns) = (cells(height), cells(width));
        let mut seen = vec![0_u8; rows * columns];
        for tile in level.tiles() {
            assert!(tile.rows.len() <= TILE_CELLS && tile.columns.len() <= TILE_CELLS);
            for row in tile.rows {
                for column in tile.columns.clone() {
                    seen[row * columns + column] += 1;
                }
            }
        }
        assert!(seen.iter().all(|count| *count == 1), "{height} x {width}");
    }
}

/// F4: a tile's pixels are just those that give its cells.
#[test]
fn a_rendered_tile_gives_as_many_cells_as_it_has() {
    let picture = Picture::new(1100, 540, vec![7; 1100 * 540 * 3]);
    let level = Level::new(&picture, 0.99);
    let tiles = level.tiles();
    assert!(tiles.len() > 3);
    for tile in tiles {
        let (pixels, height, width) = level.render(&picture, &tile);
        assert_eq!((cells(height), cells(width)), (tile.rows.len(), tile.columns.len()));
        assert_eq!(pixels.len(), height * width * 3);
    }
}

#[test]
fn a_cell_stands_for_its_window_in_the_picture() {
    let picture = Picture::new(60, 60, vec![0; 60 * 60 * 3]);
    let level = Level::new(&picture, 0.5);
    let tile = Tile { rows: 2..4, columns: 1..5 };
    let cell = Cell { row: 1, column: 2, score: 0.75, offsets: [0.1; 4] };
    let bounds = level.candidate(&tile, cell).map(|found| found.bounds);
    assert_eq!(bounds, Some(Rectangle { x0: 14.0, y0: 14.0, x1: 36.0, y1: 36.0 }));
    let broken = Cell { row: 0, column: 0, score: f32::NAN, offsets: [0.0; 4] };
    assert!(level.candidate(&tile, broken).is_none());
}
