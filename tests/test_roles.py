"""Which series plays which role: names of many trainers, names that mislead, and what the numbers add."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from losslens.errors import UsageError
from losslens.model import Role, RoleChoice, Verdict
from losslens.roles import assign, role_named
from losslens.roles.boosting import boosts
from losslens.runs import build
from losslens.verdict import judge
from tests.runs.make_logs import falling, log, series


def roles_of(*tags: str, points: dict[str, int] | None = None) -> dict[str, RoleChoice]:
    counts = points or {}
    made = {tag: series(tag, falling(counts.get(tag, 60))) for tag in tags}
    return {c.tag: c for c in assign(made)}


def leader(choices: tuple[RoleChoice, ...], role: Role) -> str | None:
    return next((c.tag for c in choices if c.role is role), None)


TRAIN_LOSSES = """loss train_loss train/loss training_loss total_loss Loss/total_loss lm~loss lm-loss lm_loss
reduced_train_loss Train/Samples/train_loss train/CE~loss train/CrossEntropyLoss loss/train/total Loss/train epoch_loss
batch_loss train_loss_1 objective nll bpd train/nll loss/total losses/total trainLoss TrainLoss training/loss_step
default_policy/total_loss learners/default_policy/total_loss train_inner/loss tr_loss Loss ctc_loss mlm_loss cost
avg_loss running_loss ce_loss dpo_loss train/mse_loss mseloss loss_total train.loss [train]loss
rmse_trn L1~loss"""


@pytest.mark.parametrize("tag", [t.replace("~", " ") for t in TRAIN_LOSSES.split()])
def test_a_lone_training_loss_is_found_under_the_name_of_its_trainer(tag: str) -> None:
    assert roles_of(tag, "learning_rate")[tag].role is Role.TRAIN_LOSS


VAL_LOSSES = """val_loss valid_loss eval_loss test_loss validation/loss eval/loss val/loss Loss/val Loss/valid loss/eval
validation/epoch_loss evaluation_loss_vs_iterations dev_loss vali_loss valLoss val_loss_epoch eval_val_loss heldout/loss
lm~loss~validation metrics/val/loss tst_loss"""


@pytest.mark.parametrize("tag", [t.replace("~", " ") for t in VAL_LOSSES.split()])
def test_a_validation_loss_is_no_training_loss(tag: str) -> None:
    found = roles_of(tag, "loss")
    assert found[tag].role is Role.VAL_LOSS
    assert found["loss"].role is Role.TRAIN_LOSS


def test_a_validation_loss_alone_stays_a_validation_loss() -> None:
    assert roles_of("val_loss")["val_loss"].role is Role.VAL_LOSS


OTHERS = {
    Role.LEARNING_RATE: "lr learning_rate learning-rate lr-Adam lr-SGD/pg1 lr/pg0 x/lr0 epoch_learning_rate "
    "train/learning_rate optim/LR~(group~0) optim/learning_rate_group0 cur_lr base_lr train/lr Train/Samples/lr "
    "lr_group_0 lrate linear-schedule/pg1",
    Role.GRAD_NORM: "grad_norm gnorm grad-norm gradient_norm grad_2.0_norm_total l2_norm/grad/global "
    "optim/total_grad_norm "
    "optim/total~grad~norm grad_gnorm train/grad_norm gradients/global_norm global_grad_norm gradNorm "
    "grad_norm/total total_norm_grad "
    "grad_norm_before_clip unclipped_grad_norm",
    Role.GRAD_NORM_CLIPPED: "grad_norm_clipped clipped_grad_norm grad_norm_after_clip grad_norm_post_clip",
    Role.LAYER_GRAD_NORM: "grad_2.0_norm/fc.weight l2_norm/grad/layer1.w grad/blocks.0.att.norm grad_norm/encoder",
    Role.LOSS_SCALE: "loss_scale loss-scale loss~scale [metric]grad_scaler Train/Samples/loss_scale scaler/scale "
    "grad_scale amp_scale",
    Role.WEIGHT_NORM: "params-norm params~norm parameter_norm weight_norm l2_norm/param/fc weights_norm",
    Role.UPDATE_RATIO: "update_ratio update_to_weight_ratio",
    Role.LOGIT_SCALE: "max_attention_logit logits_max max_logit attn_logits_max log_z",
    Role.ACCURACY: "acc accuracy train/accuracy top1 metrics/mAP50(B) miou train_acc sparse_categorical_accuracy f1",
    Role.VAL_ACCURACY: "val_acc val_accuracy eval/accuracy eval_top1 validation/accuracy",
    Role.REWARD: "rollout/ep_rew_mean episode_reward_mean rewards/chosen reward eval/mean_reward",
    Role.KL: "kl objective/kl train/approx_kl kl_divergence",
    Role.ENTROPY: "entropy policy_entropy objective/entropy",
    Role.BATCH_SIZE: "batch_size batch-size bsz global_batch_size",
    Role.SKIPPED_STEPS: "skipped_steps number~of~skipped~iterations optim/step~skipped skipped-train-samples "
    "overflow_count",
    Role.EPOCH: "epoch train/epoch epochs",
    Role.SAMPLES: "consumed_samples consumed-samples time/total_timesteps tokens_seen samples",
    Role.THROUGHPUT: "tokens_per_second_per_gpu samples_per_sec batch_steps_per_second wps ups time/fps mfu "
    "throughput eval_steps_per_second tflops global_step/sec",
    Role.STEP_TIME: "step_time iter_time data_time iteration-time rank_data_time batch_time train_step_timing",
}


@pytest.mark.parametrize(("role", "tag"), [(r, t.replace("~", " ")) for r, ts in OTHERS.items() for t in ts.split()])
def test_what_accompanies_a_loss_is_known_by_its_name(role: Role, tag: str) -> None:
    found = roles_of(tag, "train_loss")
    assert found[tag].role is role
    assert found["train_loss"].role is Role.TRAIN_LOSS


NEITHER = """val_loss_every loss_log_interval LOSS_GAMMA
loss_weight loss_scale lossless loss_lambda loss_time loss_lr loss_count loss_coef kl_weight
lr-Adam-momentum lr-Adam/pg1-weight_decay momentum glossary num_losses loss_delta grad_norm_loss_ratio"""


@pytest.mark.parametrize("tag", NEITHER.split())
def test_a_name_that_only_contains_loss_or_lr_is_neither(tag: str) -> None:
    found = roles_of(tag, "train_loss")[tag]
    assert found.role not in (Role.TRAIN_LOSS, Role.VAL_LOSS, Role.LOSS_COMPONENT, Role.LEARNING_RATE)


@pytest.mark.parametrize(
    "tag", ["top1_err", "train/top5_error", "val_top1_err", "min_top1_err", "classification_error"]
)
def test_a_share_of_errors_is_no_accuracy(tag: str) -> None:
    found = roles_of(tag, "train_loss")
    assert found[tag].role is Role.OTHER
    assert "lower the better" in found[tag].why


def test_averaged_and_best_so_far_twins_do_not_lead() -> None:
    tags = ("loss_avg", "ema_loss", "smoothed_loss", "best_loss", "min_loss", "loss")
    choices = assign({t: series(t, falling(200, seed=i)) for i, t in enumerate(tags)})
    assert leader(choices, Role.TRAIN_LOSS) == "loss"
    by_tag = {c.tag: c for c in choices}
    assert by_tag["best_loss"].role is Role.OTHER
    assert by_tag["min_loss"].role is Role.OTHER
    assert "averaged" in by_tag["ema_loss"].why


@pytest.mark.parametrize("tag", ["avg_loss", "loss_mean", "loss/ema", "running_loss"])
def test_a_loss_that_is_logged_beside_it_averaged_leads_alone(tag: str) -> None:
    found = roles_of("loss", tag, "lr")
    assert found["loss"].role is Role.TRAIN_LOSS
    assert found[tag].role is Role.OTHER


def test_a_smooth_loss_may_be_a_term_and_keeps_its_say() -> None:
    found = roles_of("loss_total", "loss_smooth", points={"loss_smooth": 59})
    assert found["loss_smooth"].role is not Role.OTHER


def test_an_averaged_loss_with_more_points_than_the_raw_one_keeps_its_say() -> None:
    found = roles_of("loss", "avg_loss", points={"loss": 20, "avg_loss": 400})
    assert found["avg_loss"].role is Role.TRAIN_LOSS


def test_the_numbered_outputs_of_a_model_are_the_terms_of_its_loss() -> None:
    ends = [f"output_{n}_loss" for n in (1, 2, 3)]
    found = roles_of("loss", *ends, "val_loss", *(f"val_{end}" for end in ends))
    assert [t for t, c in found.items() if c.role is Role.TRAIN_LOSS] == ["loss"]
    assert [t for t, c in found.items() if c.role is Role.VAL_LOSS] == ["val_loss"]
    assert all(found[end].role is Role.LOSS_COMPONENT for end in ends)
    assert all(found[f"val_{end}"].role is Role.VAL_COMPONENT for end in ends)


def test_numbered_losses_beside_a_bare_one_are_its_terms() -> None:
    found = roles_of("loss", "loss1", "loss_2")
    assert [t for t, c in found.items() if c.role is Role.TRAIN_LOSS] == ["loss"]
    assert Role.LOSS_COMPONENT not in {c.role for c in roles_of("loss1", "loss2").values()}


def test_the_loss_of_what_is_sampled_beside_a_bare_loss_is_a_term_of_it() -> None:
    assert roles_of("loss", "sample_loss", "mask_loss")["sample_loss"].role is Role.LOSS_COMPONENT
    assert roles_of("sample_loss", "lr")["sample_loss"].role is Role.TRAIN_LOSS


def test_a_term_that_is_worse_than_its_sum_does_not_lead_a_run_of_several_outputs() -> None:
    spiked = np.where(np.arange(300) == 200, 4.0, falling(300, seed=1))
    logged = {"output_1_loss": falling(300, seed=2), "output_2_loss": spiked, "loss": falling(300)}
    (run,) = build([log("a", *(series(tag, value) for tag, value in logged.items()))], name="a")
    judgement = judge(run)
    assert {one.tag: one.verdict for one in judgement.losses}["output_2_loss"] is Verdict.SPIKE_RECOVERED
    assert (judgement.loss, judgement.verdict) == ("loss", Verdict.HEALTHY)


def test_the_number_of_the_moment_beside_its_average_is_of_no_other_data() -> None:
    found = roles_of("loss_val", "loss_avg", "lr")
    assert found["loss_val"].role is Role.TRAIN_LOSS
    assert found["loss_avg"].role is Role.OTHER
    assert roles_of("loss_val", "loss_train")["loss_val"].role is Role.VAL_LOSS


def test_best_val_loss_never_stands_for_the_validation_loss() -> None:
    found = roles_of("best_val_loss", "val_loss", "loss")
    assert found["val_loss"].role is Role.VAL_LOSS
    assert found["best_val_loss"].role is Role.OTHER


@pytest.mark.parametrize(("finer", "coarser"), [("train_loss_step", "train_loss_epoch"), ("batch_loss", "epoch_loss")])
def test_the_finer_of_two_twins_leads(finer: str, coarser: str) -> None:
    choices = assign({coarser: series(coarser, falling(20)), finer: series(finer, falling(400))})
    assert leader(choices, Role.TRAIN_LOSS) == finer
    choices = assign({coarser: series(coarser, falling(400)), finer: series(finer, falling(20))})
    assert leader(choices, Role.TRAIN_LOSS) == coarser


def test_a_run_average_in_the_last_record_is_no_course() -> None:
    found = roles_of("loss", "train_loss", points={"loss": 100, "train_loss": 1})
    assert found["loss"].role is Role.TRAIN_LOSS
    assert found["train_loss"].role is Role.OTHER


def test_terms_of_a_total_are_components() -> None:
    found = roles_of("total_loss", "loss_cls", "loss_box_reg", "kl_loss", "recon_loss", "aux_loss", "reg_loss")
    assert found["total_loss"].role is Role.TRAIN_LOSS
    assert all(found[t].role is Role.LOSS_COMPONENT for t in found if t != "total_loss")


def test_a_detector_without_a_total_has_components_only() -> None:
    found = roles_of(
        "train/box_loss", "train/cls_loss", "train/dfl_loss", "val/box_loss", "val/cls_loss", "val/dfl_loss"
    )
    assert {found[t].role for t in found if t.startswith("train")} == {Role.LOSS_COMPONENT}
    assert {found[t].role for t in found if t.startswith("val")} == {Role.VAL_COMPONENT}
    assert "total was not logged" in found["train/box_loss"].why


@pytest.mark.parametrize(
    "tags",
    [
        ("D_loss", "G_loss"),
        ("errD", "errG"),
        ("Loss_D", "Loss_G"),
        ("loss/discriminator", "loss/generator"),
        ("disc_loss", "gen_loss"),
        ("netD/loss", "netG/loss"),
        ("d_loss", "g_loss"),
        ("lossD", "lossG"),
        ("Err_D", "Err_G"),
    ],
)
def test_both_players_of_a_gan_have_a_loss_of_their_own(tags: tuple[str, str]) -> None:
    found = roles_of(*tags)
    assert [found[t].role for t in tags] == [Role.TRAIN_LOSS] * 2
    assert [found[t].group for t in tags] == ["discriminator", "generator"]


@pytest.mark.parametrize(
    "tags",
    [("train/critic_loss", "train/actor_loss"), ("q_loss", "policy_loss"), ("losses/qf1_loss", "losses/actor_loss")],
)
def test_critic_and_actor_have_a_loss_of_their_own(tags: tuple[str, str]) -> None:
    found = roles_of(*tags)
    assert [found[t].role for t in tags] == [Role.TRAIN_LOSS] * 2
    assert [found[t].group for t in tags] == ["critic", "actor"]


def test_with_a_total_the_losses_of_actor_and_critic_are_terms() -> None:
    found = roles_of("train/loss", "train/value_loss", "train/policy_gradient_loss", "train/entropy_loss")
    assert found["train/loss"].role is Role.TRAIN_LOSS
    assert found["train/value_loss"].role is Role.LOSS_COMPONENT
    assert found["train/policy_gradient_loss"].role is Role.LOSS_COMPONENT


def test_tasks_in_folders_of_their_own_are_each_a_loss() -> None:
    found = roles_of("depth_net/loss", "flow_net/loss")
    assert {c.role for c in found.values()} == {Role.TRAIN_LOSS}
    assert len({c.group for c in found.values()}) == 2


def test_several_evaluation_sets_are_each_a_validation_loss() -> None:
    found = roles_of("loss", "eval_books_loss", "eval_code_loss")
    assert found["eval_books_loss"].role is Role.VAL_LOSS
    assert found["eval_books_loss"].group == "books"
    assert found["eval_code_loss"].role is Role.VAL_LOSS


def test_validation_comes_before_test() -> None:
    choices = assign({t: series(t, falling(30)) for t in ("test/loss", "validation/loss", "train/loss")})
    assert leader(choices, Role.VAL_LOSS) == "validation/loss"


def test_a_metric_is_the_loss_only_where_nothing_else_is() -> None:
    assert roles_of("mse", "loss")["mse"].role is Role.OTHER
    assert roles_of("mse", "mae")["mse"].role is Role.TRAIN_LOSS
    assert roles_of("train/perplexity")["train/perplexity"].role is Role.TRAIN_LOSS


def test_an_unusual_objective_is_found_when_it_is_alone_and_the_doubt_is_said() -> None:
    made = {"J": series("J", falling(50)), "lr": series("lr", np.full(50, 0.01))}
    choice = next(c for c in assign(made) if c.tag == "J")
    assert choice.role is Role.TRAIN_LOSS
    assert not choice.sure
    assert "nothing is named like a loss" in choice.why


def test_two_unknown_falling_series_are_not_guessed_at() -> None:
    made = {"glorp": series("glorp", falling(50)), "frobnicate": series("frobnicate", falling(50, seed=1))}
    assert {c.role for c in assign(made)} == {Role.OTHER}


def test_a_counter_is_never_the_objective() -> None:
    made = {"widgets": series("widgets", np.arange(50.0))}
    assert assign(made)[0].role is Role.OTHER


def test_the_numbers_overrule_a_misleading_name() -> None:
    found = {
        c.tag: c for c in assign({"lr": series("lr", np.linspace(-500, 500, 30)), "loss": series("loss", falling(30))})
    }
    assert found["lr"].role is Role.OTHER
    found = {
        c.tag: c for c in assign({"acc": series("acc", np.linspace(0, 9000, 30)), "loss": series("loss", falling(30))})
    }
    assert found["acc"].role is Role.OTHER


def test_what_the_user_says_wins() -> None:
    made = {t: series(t, falling(30)) for t in ("loss", "my/odd tag", "foo")}
    choices = assign(made, overrides={"loss": ["my/odd tag"], "learning-rate": ["foo"]})
    assert leader(choices, Role.TRAIN_LOSS) == "my/odd tag"
    assert leader(choices, Role.LEARNING_RATE) == "foo"
    assert {c.tag: c.role for c in choices}["loss"] is not Role.TRAIN_LOSS


def test_an_unknown_role_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="grad_norm"):
        role_named("gradnorm")


def test_a_log_of_nothing_has_no_roles() -> None:
    assert assign({}) == ()


def test_every_series_gets_exactly_one_role_with_a_reason() -> None:
    tags = [*OTHERS[Role.LEARNING_RATE].split(), "loss", "val_loss", "x", "y z", "", "/", "loss/", "∂L", "🔥"]
    choices = assign({t: series(t, falling(20)) for t in tags})
    assert sorted(c.tag for c in choices) == sorted(set(tags))
    assert all(c.why for c in choices)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_name_gets_a_role(tag: str) -> None:
    choices = assign({tag: series(tag, falling(10)), "loss": series("loss", falling(10))})
    assert len(choices) == len({tag, "loss"})


UNRELATED = st.sampled_from(
    ["gpu_mem", "cpu_util", "disk", "gpu/temp", "foo/bar", "images_logged", "ram_gb", "node_id"]
)


@given(st.lists(UNRELATED, max_size=5, unique=True))
@settings(max_examples=40, deadline=None)
def test_unrelated_series_do_not_change_the_roles_of_the_others(extra: list[str]) -> None:
    base = {t: series(t, falling(40)) for t in ("train_loss", "val_loss", "lr", "grad_norm", "aux_loss")}
    more = {**base, **{t: series(t, np.arange(40.0) % 7) for t in extra}}
    alone = list(assign(base))
    with_more = [c for c in assign(more) if c.tag in base]
    assert alone == with_more


def test_of_two_losses_with_the_same_numbers_one_plays() -> None:
    """Keras writes the validation loss over epochs and over iterations."""
    value = falling(30)
    made = {
        "train/batch_loss": series("train/batch_loss", falling(300)),
        "validation/epoch_loss": series("validation/epoch_loss", value, axis="epoch"),
        "validation/evaluation_loss_vs_iterations": series("validation/evaluation_loss_vs_iterations", value),
    }
    found = {c.tag: c for c in assign(made)}
    assert found["validation/evaluation_loss_vs_iterations"].role is Role.VAL_LOSS
    assert found["validation/epoch_loss"].role is Role.OTHER
    assert "same numbers" in found["validation/epoch_loss"].why


def test_a_bare_norm_is_that_of_the_gradient() -> None:
    assert roles_of("norm", "train loss")["norm"].role is Role.GRAD_NORM


def test_hyper_parameter_results_are_no_losses() -> None:
    assert roles_of("hparam/loss", "train/loss")["hparam/loss"].role is Role.OTHER


@pytest.mark.parametrize("tag", ["grad/total", "grads/global", "gradient/all", "grad/overall_l2", "train/grad/total"])
def test_a_gradient_said_to_be_all_of_it_is_the_norm_of_the_model(tag: str) -> None:
    assert roles_of(tag, "loss", "grad/layer0")[tag].role is Role.GRAD_NORM


@pytest.mark.parametrize("tag", ["grad/total/layer0", "grad/layer5", "grad/out", "grad/encoder/all"])
def test_a_gradient_of_a_part_stays_one(tag: str) -> None:
    assert roles_of(tag, "loss")[tag].role is Role.LAYER_GRAD_NORM


def test_a_signed_total_of_gradients_is_no_norm() -> None:
    made = {"loss": series("loss", falling(60)), "grad/total": series("grad/total", falling(60) - 1.0)}
    assert {c.tag: c.role for c in assign(made)}["grad/total"] is not Role.GRAD_NORM


@pytest.mark.parametrize("tag", ["gradient_accumulation_steps", "train/grad_sync_time"])
def test_what_belongs_to_the_gradients_but_is_no_size_of_them_is_no_norm(tag: str) -> None:
    assert roles_of(tag, "loss")[tag].role not in (Role.GRAD_NORM, Role.LAYER_GRAD_NORM)


@pytest.mark.parametrize(
    "tag", ["best_fitness", "coherence_score", "Pieces_Placed", "chunk_len", "Speed", "train/win_rate"]
)
def test_what_is_counted_set_or_wished_large_is_never_the_objective(tag: str) -> None:
    assert assign({tag: series(tag, falling(50))})[0].role not in (Role.TRAIN_LOSS, Role.VAL_LOSS)


def test_whole_numbers_are_no_objective_even_when_they_fall() -> None:
    assert assign({"blocks": series("blocks", np.round(100 * falling(50)))})[0].role is Role.OTHER


def test_beside_rewards_no_other_series_is_guessed_to_be_the_loss() -> None:
    made = {"episode_reward": series("episode_reward", -falling(50)), "zeta": series("zeta", falling(50, seed=1))}
    assert {c.role for c in assign(made)} == {Role.REWARD, Role.OTHER}


def test_bare_names_of_two_players_are_their_losses() -> None:
    made = {tag: series(tag, falling(50, seed=i)) for i, tag in enumerate(("D_A", "G_A", "cycle_A", "data", "D_score"))}
    found = {c.tag: c for c in assign(made)}
    assert (found["D_A"].role, found["D_A"].group) == (Role.TRAIN_LOSS, "discriminator")
    assert (found["G_A"].role, found["G_A"].group) == (Role.TRAIN_LOSS, "generator")
    assert found["cycle_A"].role is Role.LOSS_COMPONENT
    assert found["data"].role is Role.OTHER
    assert found["D_score"].role is Role.OTHER


def test_restoration_codes_name_a_loss_by_its_initial() -> None:
    found = {c.tag: c for c in assign({"l_pix": series("l_pix", falling(50)), "lr": series("lr", np.full(50, 1e-4))})}
    assert found["l_pix"].role is Role.TRAIN_LOSS


def test_an_average_per_epoch_counts_no_epochs() -> None:
    made = {
        "loss": series("loss", falling(50)),
        "AUC (per epoch)": series("AUC (per epoch)", np.linspace(0.5, 0.9, 50)),
    }
    found = {c.tag: c for c in assign(made)}
    assert found["AUC (per epoch)"].role is Role.ACCURACY
    assert assign({"perplexity_epoch": series("perplexity_epoch", falling(50))})[0].role is not Role.EPOCH
    assert assign({"trainer/epoch": series("trainer/epoch", np.arange(9.0))})[0].role is Role.EPOCH


def test_t_and_v_side_by_side_are_training_and_validation() -> None:
    made = {"T_Loss": series("T_Loss", falling(50)), "V_Loss": series("V_Loss", falling(50, seed=1))}
    found = {c.tag: c.role for c in assign(made)}
    assert found == {"T_Loss": Role.TRAIN_LOSS, "V_Loss": Role.VAL_LOSS}


def test_two_losses_of_one_output_are_not_told_apart_by_their_digits() -> None:
    small, large = np.round(2.0 / (1 + np.arange(50)), 5), np.round(30.0 / (1 + np.arange(50)), 5)
    found = {c.tag: c.role for c in assign({"loss_0": series("loss_0", small), "loss_1": series("loss_1", large)})}
    assert found == {"loss_0": Role.TRAIN_LOSS, "loss_1": Role.TRAIN_LOSS}


def test_the_players_of_the_log_lead_their_copies_in_the_output() -> None:
    made = {}
    for name in ("train/loss_actor", "train/loss_critic"):
        made[name] = series(name, falling(50))
        made[f"printed/{name}"] = series(f"printed/{name}", np.round(falling(50), 2))
    found = {c.tag: c.role for c in assign(made)}
    assert found["train/loss_critic"] is Role.TRAIN_LOSS
    assert found["printed/train/loss_critic"] is Role.OTHER


def test_data_sets_named_side_by_side_are_losses_unless_their_numbers_rise_like_an_accuracy() -> None:
    loss = falling(50)
    choices = {c.tag: c for c in assign({"train": series("train", loss), "valid": series("valid", loss + 0.1)})}
    assert (choices["train"].role, choices["valid"].role) == (Role.TRAIN_LOSS, Role.VAL_LOSS)
    assert not choices["train"].sure
    blown = np.r_[loss, 900.0]
    choices = {c.tag: c for c in assign({"train": series("train", blown), "test": series("test", blown)})}
    assert (choices["train"].role, choices["test"].role) == (Role.TRAIN_LOSS, Role.VAL_LOSS)
    rising = 1.0 - 0.2 * loss / loss.max()
    choices = {c.tag: c for c in assign({"train": series("train", rising), "valid": series("valid", rising)})}
    assert {c.role for c in choices.values()} == {Role.OTHER}


def test_a_bare_total_is_the_loss_where_nothing_else_is_named_one() -> None:
    terms = {tag: series(tag, falling(50) * k) for tag, k in (("total", 3.0), ("depth", 1.0), ("cls", 2.0))}
    assert leader(assign(terms), Role.TRAIN_LOSS) == "total"
    assert leader(assign(terms | {"loss": series("loss", falling(50))}), Role.TRAIN_LOSS) == "loss"


def test_a_term_that_is_nan_throughout_beside_a_finite_total_was_not_computed() -> None:
    made = {tag: series(tag, falling(40)) for tag in ("train.loss", "train.adv_loss", "val.loss")}
    made["train.adv_loss"] = series("train.adv_loss", np.full(40, np.nan))
    found = {c.tag: c for c in assign(made)}
    assert found["train.adv_loss"].role is Role.OTHER
    assert "not computed" in found["train.adv_loss"].why


@pytest.mark.parametrize("dead_from", [0, 20])
def test_a_term_in_nan_counts_where_the_total_breaks_too_or_the_term_once_had_values(dead_from: int) -> None:
    broken = falling(40)
    broken[dead_from:] = np.nan
    total = broken if dead_from == 0 else falling(40)
    made = {"loss": series("loss", total), "adv_loss": series("adv_loss", broken)}
    found = {c.tag: c for c in assign(made)}
    assert found["adv_loss"].role is Role.LOSS_COMPONENT


@pytest.mark.parametrize(
    "tag", ["adam_second_moment_rms", "adam/exp_avg_sq/mean", "optimizer/v_norm", "adam_first_moment_l2_decay_group"]
)
def test_the_moments_of_an_optimiser_are_no_error_to_minimise(tag: str) -> None:
    assert roles_of(tag, "gradient_l2_total")[tag].role is Role.OTHER
    assert roles_of(tag, "rmse")["rmse"].role is Role.TRAIN_LOSS


def test_a_column_that_is_the_sum_of_the_others_is_the_loss_though_it_rises() -> None:
    rng = np.random.default_rng(0)
    pde, bc = np.exp(rng.normal(0.0, 1.0, 120)), np.exp(rng.normal(0.0, 0.5, 120))
    weight = np.where(np.arange(120) < 50, 10.0, np.linspace(10.0, 500.0, 120))
    for name in ("total", "all together"):
        made = {name: pde + weight * bc, "pde": pde, "bc": bc, "lr": np.full(120, 0.002)}
        found = {c.tag: c.role for c in assign({tag: series(tag, value) for tag, value in made.items()})}
        assert found == {
            name: Role.TRAIN_LOSS,
            "pde": Role.LOSS_COMPONENT,
            "bc": Role.LOSS_COMPONENT,
            "lr": Role.LEARNING_RATE,
        }
    apart = {tag: series(tag, np.exp(rng.normal(size=120))) for tag in ("one", "two", "three")}
    assert all(c.role is Role.OTHER for c in assign(apart))


@pytest.mark.parametrize("tag", ["|g|", "train/|g|", "||grad||", "gn", "grad"])
def test_the_size_of_the_gradient_is_known_under_its_short_names(tag: str) -> None:
    size = np.abs(np.random.default_rng(0).normal(1.0, 0.2, 60))
    found = {c.tag: c.role for c in assign({"loss": series("loss", falling(60)), tag: series(tag, size)})}
    assert found[tag] is Role.GRAD_NORM
    signed = {c.tag: c.role for c in assign({"loss": series("loss", falling(60)), "grad": series("grad", size - 1.0)})}
    assert signed["grad"] is Role.OTHER


@pytest.mark.parametrize("tag", ["val_pixacc", "Val/pixAcc", "val_macc"])
def test_an_accuracy_of_pixels_is_one(tag: str) -> None:
    rising = 0.9 - 0.5 * np.exp(-np.arange(60) / 9.0)
    found = {c.tag: c.role for c in assign({"loss": series("loss", falling(60)), tag: series(tag, rising)})}
    assert found[tag] is Role.VAL_ACCURACY


def test_the_losses_of_several_workers_are_no_terms() -> None:
    n = np.arange(60)
    calm = 0.05 + 2.2 * np.exp(-n / 6.0) + 0.002 * np.cos(3.0 * n)
    left = np.where(n >= 45, 1.5, calm)
    made = {"loss": (calm + left) / 2.0, "loss_rank0": calm, "loss_rank1": left}
    run = build([log("log.csv", *(series(tag, value) for tag, value in made.items()))], name="run")[0]
    assert {c.tag: c.role for c in run.roles} == dict.fromkeys(made, Role.TRAIN_LOSS)
    found = judge(run)
    assert found.loss in ("loss", "loss_rank1")
    assert found.onset is not None
    assert abs(found.onset.index - 45) <= 1
    for tag in ("loss/gpu/1", "worker2/loss", "replica_3_loss"):
        assert roles_of("loss", tag, points={tag: 50})[tag].role is Role.TRAIN_LOSS


def test_a_validation_loss_with_the_name_of_the_training_loss_leads_and_its_perplexity_says_it_again() -> None:
    chosen = roles_of("lm loss", "validation/lm loss", "validation/lm loss PPL")
    assert chosen["validation/lm loss"].role is Role.VAL_LOSS
    assert chosen["validation/lm loss PPL"].role is Role.OTHER


@pytest.mark.parametrize(("names", "total"), [("L C", ""), ("Loc Cla Landm", ""), ("B C M T", "T"), ("B C M S T", "T")])
def test_the_initials_that_detectors_print_are_their_losses(names: str, total: str) -> None:
    found = {tag: choice.role for tag, choice in roles_of(*names.split(), "LR").items() if tag != "LR"}

    assert found.pop(total, Role.TRAIN_LOSS) is Role.TRAIN_LOSS
    assert set(found.values()) == {Role.LOSS_COMPONENT}


@pytest.mark.parametrize("names", ["A C", "T C", "Loc Landm"])
def test_initials_are_no_losses_where_others_are_missing(names: str) -> None:
    found = roles_of(*names.split())

    assert Role.LOSS_COMPONENT not in {choice.role for choice in found.values()}


def test_the_gradients_handed_down_by_spacys_components_are_no_loss() -> None:
    found = roles_of("LOSS TOK2VEC", "LOSS TRANS...", "LOSS NER")

    assert found["LOSS NER"].role is Role.TRAIN_LOSS
    assert found["LOSS TOK2VEC"].role is found["LOSS TRANS..."].role is Role.OTHER


@pytest.mark.parametrize("tag", ["train-gamma-nloglik", "train-rmsle", "train-mape"])
def test_what_boosted_trees_minimise_is_a_loss(tag: str) -> None:
    assert roles_of(tag)[tag].role is Role.TRAIN_LOSS


def test_a_value_beside_the_losses_of_actor_and_critic_is_no_loss() -> None:
    found = roles_of("average_v", "average_loss_policy", "average_loss_value_func", "average_loss_entropy")

    assert found["average_v"].role is Role.OTHER
    assert found["average_loss_value_func"].role is Role.TRAIN_LOSS


def test_a_total_of_terms_leads_over_the_term_that_is_named_like_something_minimised() -> None:
    ce, kd = falling(50), 3.0 + 0.5 * np.random.default_rng(3).standard_normal(50)
    made = {tag: series(tag, value) for tag, value in (("ce", ce), ("kd", kd), ("total", 0.3 * ce + 0.7 * kd))}
    found = {c.tag: c for c in assign(made)}
    assert found["total"].role is Role.TRAIN_LOSS
    assert {found["ce"].role, found["kd"].role} == {Role.LOSS_COMPONENT}


def test_a_name_of_its_own_beside_the_same_of_validation_is_one_loss_of_two_data_sets() -> None:
    made = {"bpr": series("bpr", falling(50)), "val_bpr": series("val_bpr", falling(50) + 0.1)}
    found = {c.tag: c for c in assign(made)}
    assert (found["bpr"].role, found["val_bpr"].role) == (Role.TRAIN_LOSS, Role.VAL_LOSS)
    assert not found["bpr"].sure


def test_eta_is_a_rate_where_its_values_are_and_else_the_time_that_is_left() -> None:
    loss = series("loss", falling(50))
    for value, role in ((np.full(50, 0.02), Role.LEARNING_RATE), (np.linspace(900.0, 1.0, 50), Role.OTHER)):
        found = {c.tag: c.role for c in assign({"loss": loss, "eta": series("eta", value)})}
        assert found["eta"] is role


@pytest.mark.parametrize("tag", ["mean_abs_logit", "max_logit", "attn/logit_max", "avg_attention_logits"])
def test_sizes_of_logits_are_known_whatever_is_measured_of_them(tag: str) -> None:
    found = {c.tag: c.role for c in assign({"loss": series("loss", falling(50)), tag: series(tag, falling(50))})}
    assert found[tag] is Role.LOGIT_SCALE


def test_a_term_of_the_training_on_a_part_of_the_data_held_back_is_no_loss_of_another_data_set() -> None:
    found = roles_of(
        "train/loss", "train/loss_nis", "val/loss", "val/loss_nis", "val/class_4/matched/loss_nis", "val/other_set/loss"
    )
    assert found["val/loss"].role is Role.VAL_LOSS
    assert found["val/class_4/matched/loss_nis"].role is Role.VAL_COMPONENT
    assert found["val/other_set/loss"].role is Role.VAL_LOSS


def test_a_default_that_nobody_filled_in_is_no_loss_beside_validation_that_moves() -> None:
    made = {"train_mse": series("train_mse", np.full(50, -1.0)), "val_mse": series("val_mse", falling(50))}
    found = {c.tag: c.role for c in assign(made)}
    assert (found["train_mse"], found["val_mse"]) == (Role.OTHER, Role.VAL_LOSS)
    frozen = {"train_loss": series("train_loss", np.full(50, 2.3)), "val_loss": series("val_loss", np.full(50, 2.3))}
    assert {c.role for c in assign(frozen)} == {Role.TRAIN_LOSS, Role.VAL_LOSS}


def test_the_course_of_what_one_mean_was_logged_of_is_the_loss() -> None:
    made = {"RMSE": series("RMSE", falling(50)), "TRAINING RMSE loss": series("TRAINING RMSE loss", falling(1))}
    assert {c.tag: c.role for c in assign(made)} == {"RMSE": Role.TRAIN_LOSS, "TRAINING RMSE loss": Role.OTHER}
    for other in (
        {"training loss": series("training loss", falling(1))},
        {"RMSE loss": series("RMSE loss", falling(20))},
    ):
        found = {c.tag: c.role for c in assign({"RMSE": series("RMSE", falling(50)), **other})}
        assert found["RMSE"] is Role.OTHER


@pytest.mark.parametrize("tag", ["train_mse_scaled", "rmse_normalized", "mae/raw"])
def test_an_error_in_other_units_is_an_error(tag: str) -> None:
    found = {
        c.tag: c.role for c in assign({tag: series(tag, falling(50)), "val_rmse": series("val_rmse", falling(50))})
    }
    assert (found[tag], found["val_rmse"]) == (Role.TRAIN_LOSS, Role.VAL_LOSS)


def test_terms_without_a_split_in_their_names_are_those_of_the_training_loss_that_they_add_up_to() -> None:
    rng = np.random.default_rng(2)
    ce, balance, z = falling(120), 0.3 * rng.random(120), 0.1 * rng.random(120)
    made = {"Train Loss": ce + balance + z, "ce": ce, "balance": balance, "router_z": z}
    roles = {c.tag: c.role for c in assign({tag: series(tag, value) for tag, value in made.items()})}
    assert [roles[tag] for tag in made] == [Role.TRAIN_LOSS, *[Role.LOSS_COMPONENT] * 3]


def test_the_trainer_trains_and_the_validator_validates() -> None:
    roles = roles_of("trainer/loss", "validator/loss")
    assert roles["trainer/loss"].role is Role.TRAIN_LOSS
    assert roles["validator/loss"].role is Role.VAL_LOSS


BELOW_A_LOSS = """test/loss1/top-1 test/loss3/top-5 loss1/top-1 val_loss/top-1 test/loss1/top1 val/cls_loss/acc
loss1/accuracy val_loss_top5 test~loss3/top-5 loss_cls/accuracy head_loss/AUC val_loss/mIoU Loss/Acc@1 loss/prec@1
Loss/train_acc"""


@pytest.mark.parametrize("tag", [t.replace("~", " ") for t in BELOW_A_LOSS.split()])
def test_how_often_the_output_of_a_loss_is_right_is_an_accuracy(tag: str) -> None:
    rising = 0.01 + 0.6 * (1.0 - np.exp(-np.arange(150) / 50))
    found = {c.tag: c for c in assign({"loss": series("loss", falling(150)), tag: series(tag, rising)})}[tag]
    assert found.role is (Role.VAL_ACCURACY if "test" in tag or "val" in tag else Role.ACCURACY)


@pytest.mark.parametrize(
    "tag", ["acc/loss", "accuracy_loss", "top1/loss", "auc_loss", "loss/dice", "loss/iou", "loss_acc", "loss/acc"]
)
def test_a_loss_named_for_what_it_makes_better_stays_a_loss(tag: str) -> None:
    assert roles_of(tag, "loss")[tag].role is Role.LOSS_COMPONENT


@pytest.mark.parametrize("tag", ["Loss/learning_rate", "losses/lr"])
def test_a_rate_in_the_folder_of_the_losses_is_a_rate(tag: str) -> None:
    made = {"loss": series("loss", falling(60)), tag: series(tag, np.linspace(1e-3, 1e-5, 60))}
    assert {c.tag: c.role for c in assign(made)}[tag] is Role.LEARNING_RATE


def test_a_share_of_errors_at_the_output_of_a_loss_is_neither() -> None:
    assert roles_of("loss1/top-1 error", "loss")["loss1/top-1 error"].role is Role.OTHER


@pytest.mark.parametrize("tag", ["train-rmspe", "eval-aucpr", "validation_0-cox-nloglik", "valid_0's quantile"])
def test_what_trees_are_measured_by_tells_that_they_are_boosted(tag: str) -> None:
    assert boosts(None, [tag])
    assert not boosts(None, [f"my {tag}"])


def test_several_games_may_have_a_letter_each_ahead_of_their_sides() -> None:
    found = roles_of("VD loss", "VG loss", "ID loss", "IG loss")
    assert [found[tag].group for tag in ("VD loss", "IG loss")] == ["discriminator", "generator"]


def test_one_such_pair_may_be_anything() -> None:
    found = roles_of("bd loss", "bg loss")
    assert not {"discriminator", "generator"} & {choice.group for choice in found.values()}
