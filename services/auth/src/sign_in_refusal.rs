//! Why a sign-in with an `OpenID` provider is refused, and what the person is told of it.

use prosopa_problem::{Code, Problem};

/// A sign-in that ends without a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInRefusal {
    /// Nobody began it in this browser, or too long ago, or it came back before.
    #[error("the sign-in was not begun in this browser")]
    NotBegun,
    /// The provider that answers is another one than was asked.
    #[error("another provider answers than was asked")]
    OtherProvider,
    /// The person, or the provider, does not want it.
    #[error("the provider says no")]
    Declined,
    /// What the provider sent along is not worth anything.
    #[error("the provider's answer is not acceptable")]
    Unacceptable,
    /// The provider has not seen the person read mail to the address.
    #[error("the provider has not verified the e-mail address")]
    EmailUnverified,
    /// A user has the address who was never seen to read mail to it, or who signs in with the provider as somebody else.
    #[error("the e-mail address belongs to a user who may be somebody else")]
    EmailOfAnother,
    /// The person signs in as another user.
    #[error("the provider's person is another user already")]
    PersonOfAnother,
    /// The user may not act, or whoever wanted the link has logged out meanwhile.
    #[error("the user may not sign in")]
    Inactive,
}

impl From<SignInRefusal> for Problem {
    fn from(refusal: SignInRefusal) -> Self {
        let (code, detail) = match refusal {
            SignInRefusal::NotBegun => (
                Code::Forbidden,
                "the sign-in was not begun in this browser, took longer than ten minutes, or is over; begin again",
            ),
            SignInRefusal::OtherProvider | SignInRefusal::Unacceptable => {
                (Code::Forbidden, "the provider's answer is not acceptable; begin again")
            }
            SignInRefusal::Declined => (Code::Forbidden, "the provider did not let you sign in"),
            SignInRefusal::EmailUnverified => {
                (Code::Forbidden, "the provider has not verified your e-mail address; verify it there first")
            }
            SignInRefusal::EmailOfAnother => (
                Code::EmailTaken,
                "a user with this e-mail address exists; set a new password by mail, which shows that the address is yours, \
                 or sign in with the password and link the provider from there",
            ),
            SignInRefusal::PersonOfAnother => {
                (Code::Forbidden, "you sign in as another user with this provider already")
            }
            SignInRefusal::Inactive => (Code::Forbidden, "this user may not sign in"),
        };
        Self::new(code).with_detail(detail)
    }
}
