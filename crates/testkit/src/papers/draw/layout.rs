//! Where things stand on each side, in millimetres, and what the labels say in two languages.

use crate::papers::geometry::Rect;
use crate::papers::person::Kind;

use super::truth::{Field, Side};

/// Where a field's label begins; the value stands below it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) field: Field,
    pub(crate) x_mm: f32,
    pub(crate) y_mm: f32,
    pub(crate) room_mm: f32,
}

pub(crate) struct Layout {
    pub(crate) portrait: Option<Rect>,
    pub(crate) cells: &'static [Cell],
    /// Where the first character of each line of the machine readable zone begins, and the middle of its height.
    pub(crate) mrz: Option<(f32, &'static [f32])>,
    pub(crate) label_mm: f32,
    pub(crate) value_mm: f32,
}

/// Width and height (ISO/IEC 7810).
pub(crate) fn extent_mm(kind: Kind) -> (f32, f32) {
    match kind {
        Kind::Td1 => (85.6, 54.0),
        Kind::Td3 => (125.0, 88.0),
    }
}

pub(crate) fn of(side: Side) -> Layout {
    match side {
        Side::Front => Layout {
            portrait: Some(Rect::new(4.0, 13.0, 24.0, 31.0)),
            cells: &FRONT,
            mrz: None,
            label_mm: 1.7,
            value_mm: 2.7,
        },
        Side::Back => Layout {
            portrait: None,
            cells: &BACK,
            // Lines a quarter of an inch apart, the zone 23.2 mm high (part 5, 4.2.1).
            mrz: Some((4.7, &[35.25, 41.6, 47.95])),
            label_mm: 1.7,
            value_mm: 2.5,
        },
        Side::DataPage => Layout {
            portrait: Some(Rect::new(5.0, 15.0, 33.0, 43.0)),
            cells: &PAGE,
            mrz: Some((6.6, &[73.2, 79.55])),
            label_mm: 2.0,
            value_mm: 3.2,
        },
    }
}

const fn cell(field: Field, x_mm: f32, y_mm: f32, room_mm: f32) -> Cell {
    Cell { field, x_mm, y_mm, room_mm }
}

const FRONT: [Cell; 9] = [
    cell(Field::Surname, 31.0, 12.5, 51.0),
    cell(Field::GivenNames, 31.0, 20.5, 51.0),
    cell(Field::Sex, 31.0, 28.5, 10.0),
    cell(Field::Nationality, 43.0, 28.5, 16.0),
    cell(Field::BirthDate, 61.0, 28.5, 22.0),
    cell(Field::DocumentNumber, 31.0, 35.5, 28.0),
    cell(Field::ExpiryDate, 61.0, 35.5, 22.0),
    cell(Field::BirthPlace, 31.0, 42.5, 28.0),
    cell(Field::IssueDate, 61.0, 42.5, 22.0),
];

const BACK: [Cell; 4] = [
    cell(Field::Address, 4.7, 8.0, 54.0),
    cell(Field::Height, 62.0, 8.0, 19.0),
    cell(Field::Authority, 4.7, 17.0, 34.0),
    cell(Field::PersonalNumber, 42.0, 17.0, 39.0),
];

const PAGE: [Cell; 14] = [
    cell(Field::DocumentType, 42.0, 13.0, 14.0),
    cell(Field::IssuingState, 60.0, 13.0, 20.0),
    cell(Field::DocumentNumber, 86.0, 13.0, 34.0),
    cell(Field::Surname, 42.0, 20.4, 78.0),
    cell(Field::GivenNames, 42.0, 27.8, 78.0),
    cell(Field::Nationality, 42.0, 35.2, 40.0),
    cell(Field::Sex, 86.0, 35.2, 12.0),
    cell(Field::Height, 102.0, 35.2, 18.0),
    cell(Field::BirthDate, 42.0, 42.6, 40.0),
    cell(Field::BirthPlace, 86.0, 42.6, 34.0),
    cell(Field::IssueDate, 42.0, 50.0, 40.0),
    cell(Field::ExpiryDate, 86.0, 50.0, 34.0),
    cell(Field::Authority, 42.0, 57.4, 40.0),
    cell(Field::PersonalNumber, 86.0, 57.4, 34.0),
];

/// In English and in the second language; French where that is not known here.
pub(crate) fn label(field: Field, language: &str) -> String {
    let (english, french, german, spanish, polish, turkish, ukrainian, russian) = match field {
        Field::DocumentType => ("Type", "Type", "Typ", "Tipo", "Typ", "Tip", "Тип", "Тип"),
        Field::IssuingState => ("Code", "Code", "Kode", "Código", "Kod", "Kod", "Код", "Код"),
        Field::DocumentNumber => (
            "Document No",
            "N° du document",
            "Nummer",
            "Núm. documento",
            "Numer dokumentu",
            "Belge No",
            "№ документа",
            "№ документа",
        ),
        Field::Surname => {
            ("Surname", "Nom", "Name", "Apellidos", "Nazwisko", "Soyadı", "Прізвище", "Фамилия")
        }
        Field::GivenNames => ("Given names", "Prénoms", "Vornamen", "Nombre", "Imiona", "Adı", "Ім'я", "Имя"),
        Field::Nationality => (
            "Nationality",
            "Nationalité",
            "Staatsang.",
            "Nacionalidad",
            "Obywatelstwo",
            "Uyruğu",
            "Громадянство",
            "Гражданство",
        ),
        Field::BirthDate => (
            "Date of birth",
            "Date de naissance",
            "Geburtstag",
            "Fecha de nacimiento",
            "Data urodzenia",
            "Doğum tarihi",
            "Дата народження",
            "Дата рождения",
        ),
        Field::Sex => ("Sex", "Sexe", "Geschl.", "Sexo", "Płeć", "Cinsiyeti", "Стать", "Пол"),
        Field::BirthPlace => (
            "Place of birth",
            "Lieu de naissance",
            "Geburtsort",
            "Lugar de nacimiento",
            "Miejsce urodzenia",
            "Doğum yeri",
            "Місце народження",
            "Место рождения",
        ),
        Field::IssueDate => (
            "Date of issue",
            "Date de délivrance",
            "Ausstellungstag",
            "Fecha de expedición",
            "Data wydania",
            "Veriliş tarihi",
            "Дата видачі",
            "Дата выдачи",
        ),
        Field::ExpiryDate => (
            "Date of expiry",
            "Date d'expiration",
            "Gültig bis",
            "Fecha de caducidad",
            "Data ważności",
            "Son geçerlilik",
            "Дійсний до",
            "Действителен до",
        ),
        Field::PersonalNumber => (
            "Personal No",
            "N° personnel",
            "Personennummer",
            "Núm. personal",
            "Numer osobisty",
            "Kimlik No",
            "Особистий №",
            "Личный №",
        ),
        Field::Authority => {
            ("Authority", "Autorité", "Behörde", "Autoridad", "Organ", "Makam", "Орган", "Орган")
        }
        Field::Height => ("Height", "Taille", "Größe", "Estatura", "Wzrost", "Boy", "Зріст", "Рост"),
        Field::Address => {
            ("Address", "Adresse", "Anschrift", "Domicilio", "Adres", "Adres", "Адреса", "Адрес")
        }
    };
    let second = match language {
        "de" => german,
        "es" => spanish,
        "pl" => polish,
        "tr" => turkish,
        "uk" => ukrainian,
        "ru" => russian,
        _ => french,
    };
    format!("{english} / {second}")
}
