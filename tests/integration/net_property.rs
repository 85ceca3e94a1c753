//! Two thousand bad days for the upload machine: cuts, kills, lies, requests that overtake each
//! other, offsets that go back. The promises are in `net_support/model.rs`: the model panics when a
//! byte is sent that the server has, when something is sent that was not noted on disk, when a
//! second upload has no cause, when a lost answer costs more than a small part, or when a byte went
//! nowhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod net_support;

use homeward_core::tus::Step;
use net_support::{Fate, Model, World};
use proptest::collection::vec;
use proptest::prelude::*;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Fine),
        2 => Just(Fate::Unconnected),
        4 => (0u8..=100).prop_map(Fate::CutAt),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::KilledBefore),
        2 => (0u8..=100).prop_map(Fate::KilledAt),
        2 => Just(Fate::KilledAfter),
        2 => (says(), any::<bool>()).prop_map(|(status, tus)| Fate::Says(status, tus)),
        2 => strangers().prop_map(|status| Fate::Says(status, false)),
        1 => Just(Fate::Forgets),
        2 => (0u8..=100).prop_map(Fate::GoesBack),
        2 => (0u8..6).prop_map(Fate::Overtaken),
        1 => (0u16..300).prop_map(Fate::Later),
    ]
}

/// Answers that never park a part.
fn says() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![409, 423, 429, 500, 502, 503, 504, 511])
}

/// What a captive portal or a broken proxy says.
fn strangers() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![200, 201, 204, 301, 302, 400, 404, 410, 418, 423])
}

fn model() -> impl Strategy<Value = Model> {
    (
        any::<bool>(),
        any::<bool>(),
        prop::option::of(prop::sample::select(vec![64u64, 100, 1000])),
        0u8..3,
        prop::option::of(Just(120_000i64)),
    )
        .prop_map(|(with_upload, buffered, body_limit, method, lifetime_ms)| Model {
            with_upload,
            buffered,
            body_limit,
            no_patch: method == 1,
            no_override: method == 2,
            lifetime_ms,
            ..Model::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_bad_day_ends_with_the_whole_part_at_the_server(
        bytes in prop_oneof![Just(0usize), 1usize..200, 200usize..20_000],
        model in model(),
        fates in vec(fate(), 0..60),
    ) {
        let mut world = World::new(bytes, model).with_fates(fates);

        prop_assert_eq!(world.run(), Step::Stored);

        let whole = world.model.uploads.iter().any(|stored| stored.bytes == world.source);
        prop_assert!(whole, "no upload holds the part");
        world.assert_promises();
    }
}
