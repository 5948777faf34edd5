//! From any of the scripts to A to Z (ICAO 9303 part 3, section 6, tables A to C).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Script;

/// The name in capitals A to Z, with `<` between its parts. Apostrophes and full stops fall away, hyphens become `<`.
pub fn transliterate(name: &str, script: Script) -> String {
    let mut letters = String::new();
    for character in name.chars().flat_map(char::to_uppercase) {
        match character {
            ' ' | '-' if !letters.ends_with('<') && !letters.is_empty() => letters.push('<'),
            'A'..='Z' => letters.push(character),
            _ => match script {
                Script::Arabic => letters.push_str(arabic(character)),
                Script::Latin => latin(character, &mut letters),
                _ => letters.push_str(cyrillic(character, script)),
            },
        }
    }
    letters.trim_end_matches('<').to_owned()
}

fn latin(character: char, letters: &mut String) {
    letters.push_str(match character {
        'Ä' | 'Æ' => "AE",
        'Å' => "AA",
        'Ö' | 'Ø' | 'Œ' => "OE",
        'Ü' => "UE",
        'ẞ' => "SS",
        'Þ' => "TH",
        'Ð' | 'Đ' => "D",
        'Ł' => "L",
        'Ñ' => "N",
        'İ' | 'ı' => "I",
        _ => {
            letters.extend(
                character.nfd().filter(|part| !is_combining_mark(*part) && part.is_ascii_uppercase()),
            );
            return;
        }
    });
}

fn cyrillic(character: char, script: Script) -> &'static str {
    let is_ukrainian = script == Script::Ukrainian;
    match character {
        'А' => "A",
        'Б' => "B",
        'В' => "V",
        'Г' if is_ukrainian => "H",
        'Г' | 'Ґ' => "G",
        'Д' => "D",
        'Е' | 'Ё' | 'Э' => "E",
        'Є' => "IE",
        'Ж' => "ZH",
        'З' => "Z",
        'И' if is_ukrainian => "Y",
        'И' | 'І' | 'Ї' | 'Й' => "I",
        'К' => "K",
        'Л' => "L",
        'М' => "M",
        'Н' => "N",
        'О' => "O",
        'П' => "P",
        'Р' => "R",
        'С' => "S",
        'Т' => "T",
        'У' => "U",
        'Ф' => "F",
        'Х' => "KH",
        'Ц' => "TS",
        'Ч' => "CH",
        'Ш' => "SH",
        'Щ' if script == Script::Bulgarian => "SHT",
        'Щ' => "SHCH",
        'Ъ' if script == Script::Bulgarian => "A",
        'Ъ' => "IE",
        'Ы' => "Y",
        'Ю' => "IU",
        'Я' => "IA",
        _ => "",
    }
}

fn arabic(character: char) -> &'static str {
    match character {
        'ء' => "XE",
        'آ' => "XAA",
        'أ' => "XAE",
        'ؤ' => "U",
        'إ' => "I",
        'ئ' => "XI",
        'ا' => "A",
        'ب' => "B",
        'ة' => "XTA",
        'ت' => "T",
        'ث' => "XTH",
        'ج' => "J",
        'ح' => "XH",
        'خ' => "XKH",
        'د' => "D",
        'ذ' => "XDH",
        'ر' => "R",
        'ز' => "Z",
        'س' => "S",
        'ش' => "XSH",
        'ص' => "XSS",
        'ض' => "XDZ",
        'ط' => "XTT",
        'ظ' => "XZZ",
        'ع' => "E",
        'غ' => "G",
        'ف' => "F",
        'ق' => "Q",
        'ك' => "K",
        'ل' => "L",
        'م' => "M",
        'ن' => "N",
        'ه' => "H",
        'و' => "W",
        'ى' => "XAY",
        'ي' => "Y",
        _ => "",
    }
}
