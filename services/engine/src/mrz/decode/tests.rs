//! The decoder against brute force over every string and every alignment.

use proptest::prelude::*;

use super::*;

/// Score of the best alignment of one string, by the textbook's recursion over the string with blanks between.
fn best_alignment(text: &[Symbol], emissions: &[Emission]) -> f64 {
    let labels: Vec<usize> =
        text.iter().flat_map(|symbol| [0, symbol.index() + 1]).chain(std::iter::once(0)).collect();
    let mut scores = vec![f64::NEG_INFINITY; labels.len()];
    for (frame, emission) in emissions.iter().enumerate() {
        scores = (0..labels.len())
            .map(|at| {
                let back = |steps: usize| at.checked_sub(steps).map_or(f64::NEG_INFINITY, |at| scores[at]);
                let from = match frame {
                    0 if at < 2 => 0.0,
                    0 => f64::NEG_INFINITY,
                    _ if labels[at] != 0 && at >= 2 && labels[at] != labels[at - 2] => {
                        back(0).max(back(1)).max(back(2))
                    }
                    _ => back(0).max(back(1)),
                };
                from + f64::from(emission[labels[at]])
            })
            .collect();
    }
    scores[labels.len() - 1].max(scores[labels.len() - 2])
}

/// Every string of the sets with its best score.
fn all_strings(allowed: &[SymbolSet], emissions: &[Emission]) -> Vec<(Vec<Symbol>, f64)> {
    let mut strings = vec![Vec::new()];
    for set in allowed {
        strings = strings
            .iter()
            .flat_map(|head: &Vec<Symbol>| {
                set.iter().map(move |symbol| [head.as_slice(), &[symbol]].concat())
            })
            .collect();
    }
    strings.into_iter().map(|text| (text.clone(), best_alignment(&text, emissions))).collect()
}

fn small_sets() -> impl Strategy<Value = Vec<SymbolSet>> {
    let set = prop::sample::select(vec!["A", "AB", "AB<", "0A", "01<", "ABC"]).prop_map(SymbolSet::of);
    prop::collection::vec(set, 1..=4)
}

fn emission() -> impl Strategy<Value = Emission> {
    prop::array::uniform(prop_oneof![8 => -9.0f32..0.0, 1 => Just(f32::NEG_INFINITY)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_best_string_and_its_margins_are_those_of_brute_force(
        allowed in small_sets(),
        emissions in prop::collection::vec(emission(), 1..=8),
    ) {
        let strings = all_strings(&allowed, &emissions);
        let best = strings.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max);
        let Some(line) = decode(&allowed, &emissions) else {
            prop_assert_eq!(best, f64::NEG_INFINITY);
            return Ok(());
        };
        prop_assert!((line.score - best).abs() < 1e-6, "{} is not {best}", line.score);
        let text = line.symbols();
        let own = strings.iter().find(|(other, _)| *other == text).map(|(_, score)| *score);
        prop_assert!(own.is_some_and(|own| (own - best).abs() < 1e-6), "another string than the best");
        for (place, character) in line.characters.iter().enumerate() {
            let second = strings
                .iter()
                .filter(|(other, _)| other[place] != character.symbol)
                .map(|(_, score)| *score)
                .fold(f64::NEG_INFINITY, f64::max);
            let margin = best - second;
            let is_same = margin == character.margin || (margin - character.margin).abs() < 1e-6;
            prop_assert!(is_same, "margin {} is not {margin} at {place}", character.margin);
        }
    }

    #[test]
    fn what_is_emitted_with_certainty_is_read_back(
        text in prop::collection::vec((0..Symbol::COUNT, 1..4usize, 0..3usize), 1..=44),
    ) {
        let mut frames = Vec::new();
        let mut ranges = Vec::new();
        for (place, (symbol, len, blanks)) in text.iter().enumerate() {
            let is_same_next = text.get(place + 1).is_some_and(|next| next.0 == *symbol);
            ranges.push(frames.len()..frames.len() + len);
            frames.extend(std::iter::repeat_n(certain(symbol + 1), *len));
            frames.extend(std::iter::repeat_n(certain(0), (*blanks).max(usize::from(is_same_next))));
        }
        let line = decode(&vec![SymbolSet::ALL; text.len()], &frames).expect("certain");
        prop_assert!(line.characters.iter().map(|character| character.symbol.index()).eq(text.iter().map(|at| at.0)));
        prop_assert!(line.characters.iter().map(|character| character.frames.clone()).eq(ranges));
        prop_assert!(line.characters.iter().all(|character| character.margin == f64::INFINITY));
    }

    #[test]
    fn no_emission_panics(
        allowed in prop::collection::vec((0..1u64 << 37).prop_map(set_of_bits), 0..=6),
        emissions in prop::collection::vec(prop::array::uniform(prop::num::f32::ANY), 0..=10),
    ) {
        if let Some(line) = decode(&allowed, &emissions) {
            prop_assert_eq!(line.characters.len(), allowed.len());
            for (character, allowed) in line.characters.iter().zip(&allowed) {
                prop_assert!(allowed.contains(character.symbol) && character.margin >= 0.0);
            }
        }
    }
}

fn set_of_bits(bits: u64) -> SymbolSet {
    Symbol::all().filter(|symbol| bits >> symbol.index() & 1 == 1).collect()
}

fn certain(label: usize) -> Emission {
    std::array::from_fn(|at| if at == label { 0.0 } else { f32::NEG_INFINITY })
}

#[test]
fn equal_neighbours_need_a_blank_between() {
    let allowed = [SymbolSet::of("A"); 2];
    let flat: Emission = [-1.0; Symbol::COUNT + 1];
    assert_eq!(decode(&allowed, &[flat; 2]), None);
    let line = decode(&allowed, &[flat; 3]).expect("three frames are enough");
    assert_eq!(
        line.characters.iter().map(|character| character.frames.clone()).collect::<Vec<_>>(),
        [0..1, 2..3]
    );
    assert_eq!(line.score, -3.0);
}

#[test]
fn work_is_bounded() {
    let flat: Emission = [-1.0; Symbol::COUNT + 1];
    assert_eq!(decode(&[], &[flat; 4]), None);
    assert_eq!(decode(&[SymbolSet::ALL; 3], &[flat; 2]), None);
    assert_eq!(decode(&[SymbolSet::ALL], &vec![flat; FRAMES_MAX + 1]), None);
    assert_eq!(decode(&[SymbolSet::ALL; POSITIONS_MAX + 1], &vec![flat; 100]), None);
    assert!(decode(&[SymbolSet::ALL; POSITIONS_MAX], &vec![flat; FRAMES_MAX]).is_some());
}
