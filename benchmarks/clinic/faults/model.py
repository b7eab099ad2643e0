"""Section B: the network, its start and its modes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..models import Rows, reader
from ..plan import Plan, Run, evaluation_mode, nothing
from ..planting import FIRST, RECURRENT, SECOND, THIRD, WITH_NORM, Change, fault

PLAIN = ("mlp_mnist", "conv_fashion", "mlp_digits")  # without normalisation
LAYERS = (nn.Linear, nn.Conv2d)


def weighted(model: nn.Module) -> list[Any]:
    """Linear and convolutional layers, in order."""
    return [m for m in model.modules() if isinstance(m, LAYERS)]


class Apply(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def before_head(function: Callable[[Tensor], Tensor]) -> Callable[[Any], nn.Module]:
    """Wire a function (B, D) -> (B, D) between features and head."""

    def wire(model: Any) -> Any:
        model.head = nn.Sequential(Apply(function), model.head)
        return model

    return wire


# -- the head ----------------------------------------------------------------------------------------------------------


@fault("B8", "activation_before_loss", "softmax,last", early=True)
def softmax_before_loss(plan: Plan) -> Change:
    """A softmax stands before a cross-entropy that has one inside."""
    return {"final": lambda: nn.Softmax(-1)}


@fault("B8", "activation_before_loss", "sigmoid,last", recipes=SECOND, early=True)
def sigmoid_before_loss(plan: Plan) -> Change:
    """A sigmoid stands before the cross-entropy."""
    return {"final": nn.Sigmoid}


@fault("B8", "activation_before_loss", "relu,last", recipes=FIRST, early=True)
def relu_on_scores(plan: Plan) -> Change:
    """A ReLU stands before the cross-entropy; scores start slightly below zero."""

    def start(model: Any) -> None:
        nn.init.constant_(model.head.bias, -0.5)

    return {"final": nn.ReLU, "start": start}


@fault("B8", "activation_before_loss", "tanh,last", recipes=THIRD, early=True, held_out=True)
def scores_squeezed(plan: Plan) -> Change:
    """A normalisation squeezes the scores of an example into -0.3 to 0.3 before the cross-entropy."""
    return {"final": lambda: Apply(lambda scores: 0.3 * scores.tanh())}


@fault("B8", "dropout_too_high", "dropout", recipes=FIRST)
def dropout_on_scores(plan: Plan) -> Change:
    """Dropout of 0.9 works on the scores themselves."""
    return {"final": lambda: nn.Dropout(0.9)}


# -- the start ---------------------------------------------------------------------------------------------------------


@fault("B9", "initialisation", "init,weight", recipes=SECOND, early=True)
def all_zero(plan: Plan) -> Change:
    """All weights start at zero."""

    def start(model: nn.Module) -> None:
        for parameter in model.parameters():
            nn.init.zeros_(parameter)

    return {"start": start, "pretrained": nothing}


@fault("B9", "initialisation", "init,weight", recipes=THIRD, early=True)
def all_alike(plan: Plan) -> Change:
    """All weights start at 0.05: every unit of a layer learns the same."""

    def start(model: nn.Module) -> None:
        for parameter in model.parameters():
            nn.init.constant_(parameter, 0.05)

    return {"start": start, "pretrained": nothing}


def _scaled(factor: float) -> Callable[[nn.Module], None]:
    def start(model: nn.Module) -> None:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() >= 2 and "norm" not in name:
                    parameter.mul_(factor)

    return start


@fault(
    "B9",
    "initialisation",
    "init,weight",
    recipes=("mlp_mnist", "conv_fashion", "lstm_mnist", "mlp_digits", "gru_fashion"),
    early=True,
)
def starts_too_large(plan: Plan) -> Change:
    """Weights start fifteen times as large as they should."""
    return {"start": _scaled(15.0), "pretrained": nothing}


@fault("B9", "initialisation vanishing_gradients", "init,weight", recipes=PLAIN, early=True)
def starts_too_small(plan: Plan) -> Change:
    """Weights start at a thousandth of what they should be."""
    return {"start": _scaled(1e-3)}


@fault("B9", "initialisation", "init,weight,head", recipes=SECOND, early=True, held_out=True)
def head_starts_huge(plan: Plan) -> Change:
    """The last layer is drawn from a standard normal distribution, times ten."""

    def start(model: Any) -> None:
        nn.init.normal_(model.head.weight, std=10.0)

    return {"start": start}


@fault("C8", "dead_units initialisation", "features,bias,init", recipes=PLAIN, early=True)
def biases_negative(plan: Plan) -> Change:
    """Hidden biases start at -10: no example switches a ReLU on."""

    def start(model: Any) -> None:
        for layer in weighted(model.features):
            nn.init.constant_(layer.bias, -10.0)

    return {"start": start}


# -- the layers --------------------------------------------------------------------------------------------------------


@fault("B12", "missing_nonlinearity", "layers,relu,activation,non-linear", recipes=(*PLAIN, "resnet_cifar"))
def no_nonlinearity(plan: Plan) -> Change:
    """The activation functions were forgotten."""
    return {"activation": nn.Identity}


@fault(
    "C6",
    "vanishing_gradients saturation",
    "features,activation,sigmoid,relu",
    recipes=("mlp_mnist", "mlp_digits"),
    early=True,
)
def deep_and_sigmoid(plan: Plan) -> Change:
    """Eight hidden layers of sigmoids."""
    return {"activation": nn.Sigmoid, "depth": 8}


@fault("C9", "saturation initialisation vanishing_gradients", "features,init,tanh", recipes=PLAIN, early=True)
def tanh_saturated(plan: Plan) -> Change:
    """Tanh units whose weights start thirty times too large."""
    return {"activation": nn.Tanh, "start": _scaled(30.0)}


@fault("C12", "dropout_too_high", "dropout", recipes=("mlp_mnist", "conv_fashion", "mlp_digits", "resnet_cifar"))
def dropout_extreme(plan: Plan) -> Change:
    """Dropout of 0.95: the chance to drop was taken for the chance to keep."""
    return {"dropout": 0.95}


@fault("C12", "capacity_too_small", "head,layer,width,size", recipes=FIRST)
def one_unit_between(plan: Plan) -> Change:
    """One unit stands between features and scores."""

    def wire(model: Any) -> Any:
        narrow = nn.Linear(model.head.in_features, 1)
        model.head = nn.Sequential(narrow, plan.activation(), nn.Linear(1, len(plan.classes)))
        return model

    return {"wire": wire}


@fault(
    "C12",
    "capacity_too_small",
    "features,layer,width,size",
    recipes=("mlp_mnist", "mlp_digits", "lstm_mnist", "gru_fashion"),
)
def far_too_narrow(plan: Plan) -> Change:
    """Hidden layers have two units."""
    return {"width": 2}


@fault("B7", "batch_leak", "view,batch,permute,reshape", recipes=FIRST, early=True)
def examples_mixed_by_view(plan: Plan) -> Change:
    """Features (B, D) are viewed as (D, B) and transposed: examples of a batch are mixed."""
    return {"wire": before_head(lambda h: h.reshape(h.shape[1], h.shape[0]).t())}


@fault("B7", "batch_leak", "batch,features,head", recipes=THIRD, early=True, held_out=True)
def normalised_over_batch(plan: Plan) -> Change:
    """A softmax over the wrong axis makes examples of a batch compete."""
    return {"wire": before_head(lambda h: (4 * h).softmax(0) * len(h) ** 0.5)}


@fault("B10", "no_gradient parameters_not_updated parameters_frozen", "features,detach", recipes=SECOND, early=True)
def features_detached(plan: Plan) -> Change:
    """detach() between features and head: only the head learns."""
    return {"wire": before_head(Tensor.detach), "pretrained": nothing}


@fault("B6", "gradient_wrong", "gradient,backward,features", recipes=THIRD, held_out=True)
def backward_has_wrong_sign(plan: Plan) -> Change:
    """A hand-written layer passes its gradient on with the wrong sign."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, h: Tensor) -> Tensor:
            return h.clone()

        @staticmethod
        def backward(context: Any, gradient: Tensor) -> Tensor:
            return -gradient

    return {"wire": before_head(lambda h: Wrong.apply(h))}  # type: ignore[no-untyped-call]


@fault("B5", "inputs_ignored inputs_constant", "forward,input", recipes=FIRST, early=True, held_out=True)
def forward_ignores_inputs(plan: Plan) -> Change:
    """forward() works on a variable left over from trying things out, not on its argument."""

    def wire(model: Any) -> Any:
        model.features = nn.Sequential(Apply(lambda x: torch.ones_like(x)), model.features)
        return model

    return {"wire": wire}


# -- batch normalisation and modes -------------------------------------------------------------------------------------


def _norms_in_eval(model: nn.Module) -> None:
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


@fault(
    "C15",
    "norm_in_eval_mode trained_in_eval_mode norm_statistics",
    "norm,eval,train",
    recipes=("resnet_cifar",),
    early=True,
)
def norm_in_eval_mode(plan: Plan) -> Change:
    """Batch normalisation is in evaluation mode from the first step, with statistics of a network never trained."""
    return {"mode": _norms_in_eval, "start": _scaled(3.0)}


@fault(
    "C15",
    "trained_in_eval_mode norm_in_eval_mode norm_statistics",
    "train,eval,norm",
    recipes=("resnet_cifar",),
    early=True,
)
def trained_in_eval_mode(plan: Plan) -> Change:
    """model.train() is missing after the first evaluation, which comes before the training."""
    return {"mode": evaluation_mode, "start": _scaled(3.0)}


@fault("C15", "norm_statistics", "norm,momentum", recipes=("resnet_cifar",))
def norm_momentum_tiny(plan: Plan) -> Change:
    """Batch normalisation's momentum is 0.0005: its statistics stay at their start."""
    return {"norm_momentum": 0.0005}


@fault("C15", "norm_statistics batch_too_small", "norm,momentum,batch", recipes=WITH_NORM, treatable=False)
def norm_keeps_last_batch(plan: Plan) -> Change:
    """Batch normalisation's momentum is 1 with batches of five: its statistics are those of the last five pictures."""
    return {"norm_momentum": 1.0, "batch": 5, "limit": 0.35}


@fault("C15", "norm_statistics evaluated_in_training_mode", "norm,eval", recipes=WITH_NORM, held_out=True)
def norm_fed_with_blanks(plan: Plan) -> Change:
    """A summary of the model is printed after every few steps by running blank pictures through it in training mode."""

    def summary(run: Run) -> None:
        if run.step % 5 == 4:
            with torch.no_grad():
                for _ in range(20):
                    run.model(torch.zeros(2, 3, 16, 16))

    return {"after_step": summary}


@fault(
    "B14", "batch_too_small batch_norm_single norm_statistics", "batch", recipes=WITH_NORM, early=True, treatable=False
)
def batches_of_two(plan: Plan) -> Change:
    """Batches of two with batch normalisation."""
    return {"batch": 2, "limit": 0.1}


# -- recurrent and pretrained ------------------------------------------------------------------------------------------


@fault("B7", "batch_leak wrong_layout", "batch_first,batch,layout,input", recipes=RECURRENT, early=True)
def time_and_batch_exchanged(plan: Plan) -> Change:
    """batch_first is missing: the network reads across the examples of a batch, and sees one row of each."""
    return {"rows_first": True}


@fault("B7", "batch_leak", "state,hidden,batch", recipes=RECURRENT, held_out=True)
def state_carried_over(plan: Plan) -> Change:
    """The hidden state of one batch is where the next starts, though its examples are others."""
    return {"carries_state": True}


@fault("C7", "exploding_gradients initialisation", "clip,init,recurr,cell", recipes=RECURRENT, early=True)
def recurrence_explodes(plan: Plan) -> Change:
    """A plain ReLU recurrence whose weights start too large, without clipping."""

    class Plain(nn.RNN):
        def __init__(self, n_inputs: int, n_units: int, batch_first: bool) -> None:
            super().__init__(n_inputs, n_units, nonlinearity="relu", batch_first=batch_first)

    def start(model: Any) -> None:
        for module in model.modules():
            if isinstance(module, Rows):
                with torch.no_grad():
                    recurrent: Tensor = module.cell.weight_hh_l0  # type: ignore[assignment]
                    recurrent.copy_(1.6 * torch.eye(plan.width))

    return {"build": reader(Plain), "start": start, "clip": 0.0}


@fault("B15", "initialisation parameters_frozen", "pretrained,features,init,weight", recipes=("finetune_cifar",))
def pretrained_not_loaded(plan: Plan) -> Change:
    """Names do not match and strict=False hides it: the frozen features are random."""

    def freeze(model: Any) -> None:
        model.features.requires_grad_(False)

    return {"pretrained": nothing, "freeze": freeze}


@fault(
    "B15",
    "initialisation parameters_frozen",
    "pretrained,features,init,weight",
    recipes=("finetune_cifar",),
    held_out=True,
)
def pretrained_in_wrong_order(plan: Plan) -> Change:
    """Pretrained kernels are stored (H, W, in, out) and reshaped instead of transposed; then frozen."""

    def load(model: Any) -> None:
        plan.pretrained(model)
        with torch.no_grad():
            for layer in weighted(model.features):
                w: Tensor = layer.weight
                w.copy_(w.permute(*range(2, w.dim()), 1, 0).reshape(w.shape))

    def freeze(model: Any) -> None:
        model.features.requires_grad_(False)

    return {"pretrained": load, "freeze": freeze}


@fault(
    "C2",
    "not_finite steps_skipped epsilon_too_high learning_rate_too_low",
    "half,float16,eps,bfloat16",
    recipes=("mlp_digits", "mlp_mnist"),
)
def half_precision(plan: Plan) -> Change:
    """model.half() without a scaler: small gradients and Adam's epsilon round to zero."""
    prepare = plan.prepare
    return {
        "wire": nn.Module.half,
        "prepare": lambda pictures: prepare(pictures).half(),
        "optimizer": _adam_of(plan),
    }


def _adam_of(plan: Plan) -> Callable[..., torch.optim.Optimizer]:
    def build(parameters: Any, plan: Plan) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=1e-3, eps=1e-8)

    return build
