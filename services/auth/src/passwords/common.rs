//! Passwords that are tried first: words everybody chooses, however decorated, runs and repetitions.

/// The words in common passwords, one a line.
const WORDS: &str = include_str!("common_words.txt");

/// More digits and signs than this make even a common word hard to guess.
const DECORATION_LEN_MAX: usize = 8;

/// Fewer different characters than this are a repetition.
const DIFFERENT_CHARACTERS_MIN: usize = 4;

/// Whether `password`, in lower case, is a common word with digits and signs around or within it, a run such as
/// `12345678`, or little but repetition.
pub(super) fn is_common(password: &str) -> bool {
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    different.len() < DIFFERENT_CHARACTERS_MIN || is_run(password) || is_decorated_word(password)
}

fn is_run(password: &str) -> bool {
    let points: Vec<i64> = password.chars().map(|character| i64::from(u32::from(character))).collect();
    let has_step = |step: i64| {
        // In "1234567890" the last step goes back to the beginning.
        points.windows(2).all(|pair| pair[1] - pair[0] == step || pair[1] - pair[0] == step * -9)
    };
    has_step(1) || has_step(-1)
}

fn is_decorated_word(password: &str) -> bool {
    let outer = password.trim_matches(|character: char| !character.is_alphabetic());
    let readings = [password.to_owned(), without_look_alikes(password), without_look_alikes(outer)];
    readings.iter().any(|reading| {
        let letters: String = reading.chars().filter(|character| character.is_alphabetic()).collect();
        let decoration_len = password.chars().count() - letters.chars().count();
        decoration_len <= DECORATION_LEN_MAX && WORDS.lines().any(|word| word == letters)
    })
}

/// Undoes the habit of writing letters as digits and signs.
fn without_look_alikes(text: &str) -> String {
    let letter = |character| match character {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}
