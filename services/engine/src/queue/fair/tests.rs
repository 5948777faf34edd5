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
    assert_eq!((queue.len(), queue.weight), (0, 0));
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
    let room = Room { len_max: 3, weight_max: 1_000 };
    let mut queue = FairQueue::new();
    for name in ["a1", "a2", "a3"] {
        queue.push("a", (name, 5));
    }
    assert_eq!(queue.make_room("a", 5, room), None);
    assert_eq!(queue.make_room("b", 5, room), Some(vec![("a3", 5)]));
    queue.push("b", ("b1", 5));
    assert_eq!(queue.make_room("b", 5, room), None);
    assert_eq!((queue.len(), queue.weight), (3, 15));
}

/// N4: nobody loses anything for somebody who is refused all the same.
#[test]
fn room_that_cannot_be_made_costs_nobody_anything() {
    let room = Room { len_max: 256, weight_max: 64 };
    let mut queue = FairQueue::new();
    for name in ["a1", "a2", "a3", "a4"] {
        queue.push("a", (name, 1));
    }
    for account in ["c", "d", "e"] {
        queue.push(account, ("large", 20));
    }
    assert!(!queue.has_room(20, room));
    assert_eq!(queue.make_room("b", 20, room), None);
    assert_eq!((queue.len(), queue.weight), (7, 64));
    assert_eq!(names(&mut queue), ["a1", "large", "large", "large", "a2", "a3", "a4"]);
}

/// N4: where bytes are short, whoever holds most of them gives way, not whoever has many small pictures.
#[test]
fn the_heaviest_line_gives_way_when_weight_is_short() {
    let room = Room { len_max: 256, weight_max: 64 };
    let mut queue = FairQueue::new();
    for name in ["a1", "a2", "a3", "a4"] {
        queue.push("a", (name, 1));
    }
    for name in ["c1", "c2", "c3"] {
        queue.push("c", (name, 20));
    }
    assert_eq!(queue.make_room("b", 20, room), Some(vec![("c3", 20)]));
    queue.push("b", ("b1", 20));
    // Now it would have as much as the one that gave way.
    assert_eq!(queue.make_room("b", 20, room), None);
    assert_eq!(queue.make_room("f", 41, room), None);
    assert_eq!(names(&mut queue), ["a1", "c1", "b1", "a2", "c2", "a3", "a4"]);
}

#[test]
fn as_many_give_way_as_are_needed() {
    let room = Room { len_max: 256, weight_max: 64 };
    let mut queue = FairQueue::new();
    for name in ["c1", "c2", "c3", "c4", "c5", "c6"] {
        queue.push("c", (name, 10));
    }
    assert_eq!(queue.make_room("f", 20, room), Some(vec![("c5", 10), ("c6", 10)]));
    queue.push("f", ("f1", 20));
    assert_eq!((queue.len(), queue.weight), (5, 60));
    assert_eq!(names(&mut queue), ["c1", "f1", "c2", "c3", "c4"]);
}

/// A line that lost everything is forgotten, and an empty queue takes what is larger than the limit.
#[test]
fn a_line_can_give_way_entirely() {
    let room = Room { len_max: 256, weight_max: 64 };
    let mut queue = FairQueue::new();
    queue.push("c", ("c1", 64));
    assert_eq!(queue.make_room("f", 1, room), Some(vec![("c1", 64)]));
    assert!(queue.has_room(1_000, room));
    queue.push("f", ("f1", 1_000));
    assert_eq!(names(&mut queue), ["f1"]);
}

#[test]
fn removing_forgets_empty_lines() {
    let mut queue = FairQueue::new();
    queue.push("a", ("a1", 2));
    queue.push("b", ("b1", 3));
    queue.push("b", ("b2", 4));
    queue.retain(|(name, _)| *name == "b2");
    assert_eq!((queue.len(), queue.weight), (1, 4));
    assert_eq!(names(&mut queue), ["b2"]);
}
