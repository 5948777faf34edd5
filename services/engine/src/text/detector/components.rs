//! Connected components of a mask, told by the ends of their runs.

use crate::image::Point;

/// Pixels side by side in one row.
struct Run {
    start: usize,
    /// Behind the last.
    end: usize,
    y: usize,
}

/// The components of a mask, neighbours across corners counted; of each the ends of its runs, which have the same hull.
pub(super) fn components(
    width: usize,
    height: usize,
    is_set: impl Fn(usize, usize) -> bool,
) -> Vec<Vec<Point>> {
    let mut runs: Vec<Run> = Vec::new();
    // Each run's parent; a root is its own.
    let mut parents: Vec<usize> = Vec::new();
    let mut above = 0..0;
    for y in 0..height {
        let first = runs.len();
        let mut x = 0;
        while x < width {
            if !is_set(x, y) {
                x += 1;
                continue;
            }
            let start = x;
            while x < width && is_set(x, y) {
                x += 1;
            }
            parents.push(runs.len());
            runs.push(Run { start, end: x, y });
        }
        let row = first..runs.len();
        join(&runs, &mut parents, above, row.clone());
        above = row;
    }
    let mut places = vec![None; runs.len()];
    let mut found: Vec<Vec<Point>> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let root = root(&mut parents, index);
        let place = *places[root].get_or_insert_with(|| {
            found.push(Vec::new());
            found.len() - 1
        });
        let y = run.y as f32;
        found[place].extend([Point { x: run.start as f32, y }, Point { x: (run.end - 1) as f32, y }]);
    }
    found
}

/// Joins the runs of a row with those above that touch them; both from the left.
fn join(runs: &[Run], parents: &mut [usize], above: std::ops::Range<usize>, row: std::ops::Range<usize>) {
    let mut upper = above.start;
    for lower in row {
        // A run that ends left of this one may touch no later one either.
        while upper < above.end && runs[upper].end < runs[lower].start {
            upper += 1;
        }
        let mut touching = upper;
        while touching < above.end && runs[touching].start <= runs[lower].end {
            let (one, other) = (root(parents, touching), root(parents, lower));
            parents[one.max(other)] = one.min(other);
            touching += 1;
        }
    }
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: &[&str]) -> Vec<usize> {
        let is_set = |x: usize, y: usize| rows[y].as_bytes()[x] == b'#';
        let found = components(rows[0].len(), rows.len(), is_set);
        found.iter().map(Vec::len).collect()
    }

    #[test]
    fn what_touches_is_one_even_across_corners_and_late() {
        assert_eq!(counts(&["#.#", ".#.", "..."]), [6]);
        assert_eq!(counts(&["#.#", "#.#", "###"]), [10]);
        assert_eq!(counts(&["#..#", "...."]), [2, 2]);
        assert_eq!(counts(&["##..##", "......", "######"]), [2, 2, 2]);
        assert_eq!(counts(&["...", "..."]), [0; 0]);
    }
}
