use gantry_core::run::RunState;

#[test]
fn the_states_in_the_text_of_claimable_are_those_of_the_core() {
    let named = ["READY", "CONFIRMED", "REPLAN_REQUESTED"];
    for state in RunState::ALL {
        assert_eq!(
            state.is_claimable(),
            named.contains(&state.as_str()),
            "{state}"
        );
    }
}
