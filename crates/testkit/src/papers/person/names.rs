//! Names, towns and streets by state, in the letters of the state. Lists only.

use super::country::Country;

/// Given names and surnames of one culture, and its towns.
pub(crate) struct Names {
    pub(crate) surnames: &'static [&'static str],
    pub(crate) female: &'static [&'static str],
    pub(crate) male: &'static [&'static str],
    pub(crate) towns: &'static [&'static str],
}

pub(crate) fn of(country: &Country) -> &'static Names {
    match country.code {
        "D" => &GERMAN,
        "FRA" => &FRENCH,
        "ESP" => &SPANISH,
        "POL" => &POLISH,
        "SWE" | "ISL" => &NORDIC,
        "TUR" => &TURKISH,
        "VNM" => &VIETNAMESE,
        "IRL" => &IRISH,
        "THA" | "LKA" => &LONG,
        "IDN" => &INDONESIAN,
        "RUS" => &RUSSIAN,
        "UKR" => &UKRAINIAN,
        "BGR" => &BULGARIAN,
        "EGY" | "JOR" => &ARABIC,
        _ => &UTOPIAN,
    }
}

const UTOPIAN: Names = Names {
    surnames: &[
        "Eriksson",
        "Smith-Jones",
        "Quisling",
        "Mc Kay",
        "Oxford",
        "Li",
        "O",
        "Zbigniewski",
        "Björk-Young",
    ],
    female: &["Anna Maria", "Zoë", "Jo", "Olivia Grace", "Kate", "Gigi"],
    male: &["Isaac", "Oliver", "Jack William", "Ian", "Gus", "Bo"],
    towns: &["Zenith", "Port Meridian", "Amaurot", "Lake Iris"],
};
const GERMAN: Names = Names {
    surnames: &[
        "Müller",
        "Groß",
        "von der Höhe",
        "Schäfer",
        "Weiß-Jäger",
        "Öztürk",
        "Freifrau von Rüxleben",
        "Koch",
    ],
    female: &["Käthe", "Jördis", "Erika", "Anna-Lena Sophie", "Gisela"],
    male: &["Jürgen", "Götz", "Hans-Jörg", "Kai", "Sören Matthias"],
    towns: &["Köln", "Gießen", "Frankfurt (Oder)", "München", "Ulm"],
};
const FRENCH: Names = Names {
    surnames: &["Lefèvre", "D'Artagnan", "Le Goff", "Œuvrard", "Béranger", "François-Dupré", "L'Hôpital"],
    female: &["Hélène", "Anaïs Noëlle", "Marie-Françoise", "Chloé", "Agnès"],
    male: &["Jérôme", "Loïc", "Jean-François Régis", "Benoît", "Hugo"],
    towns: &["Orléans", "Nîmes", "Besançon", "Lyon"],
};
const SPANISH: Names = Names {
    surnames: &["Muñoz Ibáñez", "García Núñez", "Peña", "de la Fuente Agüero", "López Zúñiga", "Gil"],
    female: &["María del Carmen", "Begoña", "Inés", "Ximena", "Lucía"],
    male: &["Íñigo", "José Ángel", "Germán", "Óscar", "Ignacio"],
    towns: &["A Coruña", "Málaga", "Cádiz", "Logroño"],
};
const POLISH: Names = Names {
    surnames: &["Wałęsa", "Łukasiewicz", "Brzęczyszczykiewicz", "Żółć", "Kowalska-Śliwińska", "Gąsior"],
    female: &["Małgorzata", "Świętosława", "Zofia", "Agnieszka Łucja"],
    male: &["Grzegorz", "Michał", "Stanisław Józef", "Żegota"],
    towns: &["Łódź", "Kraków", "Gdańsk", "Świnoujście"],
};
const NORDIC: Names = Names {
    surnames: &["Åkesson", "Østergård", "Þórðarson", "Sjögren", "Guðmundsdóttir", "Bæk", "Lönnqvist"],
    female: &["Åsa", "Æsa", "Märta Göta", "Guðrún", "Ingrid"],
    male: &["Göran", "Þór", "Søren Åge", "Björn", "Olof"],
    towns: &["Malmö", "Höfn", "Åmål", "Göteborg"],
};
const TURKISH: Names = Names {
    surnames: &["Yıldız", "Şahin", "Çelik", "Güneş", "İnönü", "Özdoğan"],
    female: &["Ayşe", "Gülşen Işıl", "Özge", "Elif"],
    male: &["İbrahim", "Çağrı", "Oğuz", "Işık"],
    towns: &["İstanbul", "Muğla", "Eskişehir"],
};
const VIETNAMESE: Names = Names {
    surnames: &["Nguyễn", "Trần", "Đặng", "Phạm", "Vũ"],
    female: &["Thị Hương", "Ngọc Ánh", "Thùy Dương"],
    male: &["Văn Đức", "Quốc Bảo", "Minh"],
    towns: &["Đà Nẵng", "Huế", "Cần Thơ"],
};
const IRISH: Names = Names {
    surnames: &["O'Connor", "Ó Briain", "Mac Giolla Íosa", "Fitzgerald-O'Reilly", "Ní Dhomhnaill"],
    female: &["Siobhán", "Aoife", "Gráinne Máire"],
    male: &["Seán", "Oisín", "Pádraig"],
    towns: &["Dún Laoghaire", "Cork", "Sligo"],
};
const LONG: Names = Names {
    surnames: &[
        "Nilavadhanananda",
        "Wannakuwatta Waduge Ranasinghe",
        "Bennelong Wooloomooloo Warrandyte Warnambool",
        "Papandropoulous-Krungthepmahanakhon",
        "Dingopotoroo",
    ],
    female: &["Chayapa Dejthamrong Krasuang", "Sirimavo Ratwatte Dias", "Malai"],
    male: &["Arnpol Petch Charonguang", "Don Stephen Senanayake Bandaranaike", "Somchai"],
    towns: &["Nakhon Ratchasima", "Anuradhapura", "Nuwara Eliya"],
};
/// Most of these people have one name, which stands among the surnames.
const INDONESIAN: Names = Names {
    surnames: &["Suharto", "Megawati", "Budiono", "Wahyuningsih", "Ali", "Gigih"],
    female: &["Dewi", "Kartika Sari"],
    male: &["Joko", "Agus"],
    towns: &["Yogyakarta", "Bandung", "Solo"],
};
const RUSSIAN: Names = Names {
    surnames: &["Щербаков", "Подъячев", "Хрущёв", "Юрьев", "Эйзенштейн", "Жуков"],
    female: &["Любовь Юрьевна", "Софья", "Ольга"],
    male: &["Фёдор Ильич", "Григорий", "Юрий"],
    towns: &["Ярославль", "Тюмень", "Йошкар-Ола"],
};
const UKRAINIAN: Names = Names {
    surnames: &["Шевченко", "Їжакевич", "Ґалаґан", "Щербицький", "Гнатюк", "Єфремов"],
    female: &["Олександра", "Юлія", "Ганна Іванівна"],
    male: &["Андрій", "Ігор", "Євген"],
    towns: &["Київ", "Запоріжжя", "Рівне"],
};
const BULGARIAN: Names = Names {
    surnames: &["Щерев", "Георгиев", "Йорданов", "Цветков", "Хаджийски"],
    female: &["Цветелина", "Юлия Петрова"],
    male: &["Живко", "Йордан Янков"],
    towns: &["Пловдив", "Бургас", "Шумен"],
};
const ARABIC: Names = Names {
    surnames: &["الرازي", "حسين", "منصور", "خليفة", "شاهين", "عبد القادر"],
    female: &["فاطمة", "زينب", "سعاد"],
    male: &["محمد", "احمد طه", "خالد"],
    towns: &["AL MINYA", "AQABA", "TANTA"],
};

/// How Arabic names sound, as their bearers print them; the machine readable zone has the letters instead.
pub(crate) fn spoken(arabic: &str) -> Option<&'static str> {
    Some(match arabic {
        "الرازي" => "AL-RAZI",
        "حسين" => "HUSSEIN",
        "منصور" => "MANSOUR",
        "خليفة" => "KHALIFA",
        "شاهين" => "SHAHEEN",
        "عبد القادر" => "ABDEL KADER",
        "فاطمة" => "FATIMA",
        "زينب" => "ZEINAB",
        "سعاد" => "SOUAD",
        "محمد" => "MOHAMMED",
        "احمد طه" => "AHMED TAHA",
        "خالد" => "KHALED",
        _ => return None,
    })
}
