//! Turns between accounts.

use super::*;

impl Weighted for (&str, usize) {
    fn weight(&self) -> usize {
        self.1
    }
}

fn names(queue: &mut FairQueue<(&'static str, usize)>) -> Vec<&'static str> {
    std::iter::from_fn(|| queue.pop()).map(|(name, _)| name).collect()
}

/// N4: whoever sends a hundred pictures does not keep others waiting for a hundred.
#[test]
fn accounts_take_turns() {
    let mut queue = FairQueue::new();
    for name in ["a1", "a2", "a3"] {
        queue.push("a", (name, 1));
    }
    queue.push("b", ("b1", 1));
    queue.push("c", ("c1", 1));
    queue.push("b", ("b2", 1));
    assert_eq!(queue.len(), 6);
    assert_eq!(names(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    assert_eq!((queue.len(), queue.weight()), (0, 0));
}

#[test]
fn an_account_that_comes_back_waits_its_turn() {
    let mut queue = FairQueue::new();
    queue.push("a", ("a1", 1));
    queue.push("b", ("b1", 1));
    assert_eq!(queue.pop(), Some(("a1", 1)));
    queue.push("a", ("a2", 1));
    assert_eq!(names(&mut queue), ["b1", "a2"]);
}

/// N4: a full queue makes room for an account with less in it, never for one with as much.
#[test]
fn the_longest_line_gives_way() {
    let mut queue = FairQueue::new();
    for name in ["a1", "a2", "a3"] {
        queue.push("a", (name, 5));
    }
    assert_eq!(queue.displace("a"), None);
    assert_eq!(queue.displace("b"), Some(("a3", 5)));
    queue.push("b", ("b1", 5));
    assert_eq!(queue.displace("b"), None);
    assert_eq!((queue.len(), queue.weight()), (3, 15));
}

#[test]
fn removing_forgets_empty_lines() {
    let mut queue = FairQueue::new();
    queue.push("a", ("a1", 2));
    queue.push("b", ("b1", 3));
    queue.push("b", ("b2", 4));
    queue.retain(|(name, _)| *name == "b2");
    assert_eq!((queue.len(), queue.weight()), (1, 4));
    assert_eq!(names(&mut queue), ["b2"]);
}
