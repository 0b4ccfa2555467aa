"""torchvision's files, against the same nets stated again in plain torch.nn."""

import builtins

import numpy as np
import pytest

import kerascnn as kc

torch = pytest.importorskip("torch", reason="the torch extra is not installed")

pytestmark = pytest.mark.frameworks
nn = torch.nn


WIDTH = 1 / 8  # of ResNet's filters and VGG's hidden units: their order matters, not their number


# torchvision's nets, with its names and shapes


def alexnet():
    class AlexNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
                *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
                *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
                *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
                *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
            )
            self.avgpool = nn.AdaptiveAvgPool2d(6)
            self.classifier = nn.Sequential(
                *(nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU()),
                *(nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()),
                nn.Linear(4096, 1000),
            )

        def forward(self, x):
            return self.classifier(self.avgpool(self.features(x)).flatten(1))

    return AlexNet()


def vgg(width, *blocks):
    hidden = int(4096 * width)

    class VGG(nn.Module):
        def __init__(self):
            super().__init__()
            layers, channels = [], 3
            for convolutions, filters in blocks:
                for _ in range(convolutions):
                    layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
                    channels = filters
                layers.append(nn.MaxPool2d(2, 2))
            self.features = nn.Sequential(*layers)
            self.classifier = nn.Sequential(
                *(nn.Linear(512 * 7 * 7, hidden), nn.ReLU(), nn.Dropout()),
                *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout()),
                nn.Linear(hidden, 1000),
            )

        def forward(self, x):
            return self.classifier(self.features(x).flatten(1))

    return VGG()


class Unit(nn.Module):  # GoogLeNet's
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


class Inception(nn.Module):
    def __init__(self, inputs, one, three_reduce, three, five_reduce, five, projection):
        super().__init__()
        self.branch1 = Unit(inputs, one, 1)
        self.branch2 = nn.Sequential(
            Unit(inputs, three_reduce, 1), Unit(three_reduce, three, 3, padding=1)
        )
        self.branch3 = nn.Sequential(  # 3x3 where the paper has 5x5
            Unit(inputs, five_reduce, 1), Unit(five_reduce, five, 3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, 1, ceil_mode=True), Unit(inputs, projection, 1)
        )

    def forward(self, x):
        return torch.cat(
            [b(x) for b in (self.branch1, self.branch2, self.branch3, self.branch4)], 1
        )


class Auxiliary(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = Unit(inputs, 128, 1)
        self.fc1, self.fc2 = nn.Linear(2048, 1024), nn.Linear(1024, 1000)

    def forward(self, x):
        return self.fc2(self.fc1(self.conv(self.pool(x)).flatten(1)).relu())


def googlenet(auxiliary=True):
    class GoogLeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = Unit(3, 64, 7, 2, 3)
            self.conv2 = Unit(64, 64, 1)
            self.conv3 = Unit(64, 192, 3, padding=1)
            self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
            self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
            self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
            self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
            self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
            self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
            self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
            self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
            self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
            if auxiliary:
                self.aux1, self.aux2 = Auxiliary(512), Auxiliary(528)
            self.fc = nn.Linear(1024, 1000)

        def forward(self, x):
            pool = nn.MaxPool2d(3, 2, ceil_mode=True)
            x = pool(self.conv3(self.conv2(pool(self.conv1(x)))))
            a = self.inception4a(pool(self.inception3b(self.inception3a(x))))
            d = self.inception4d(self.inception4c(self.inception4b(a)))
            x = nn.functional.max_pool2d(self.inception4e(d), 2, 2, ceil_mode=True)
            x = self.fc(self.inception5b(self.inception5a(x)).mean((2, 3)))
            return [x, self.aux1(a), self.aux2(d)] if auxiliary else x

    return GoogLeNet()


class Block(nn.Module):  # ResNet's, basic or bottleneck
    def __init__(self, inputs, filters, stride, bottleneck):
        super().__init__()
        outputs = 4 * filters if bottleneck else filters
        if bottleneck:  # the stride is in the 3x3: v1.5
            rows = (
                (inputs, filters, 1, 1),
                (filters, filters, 3, stride),
                (filters, outputs, 1, 1),
            )
        else:
            rows = ((inputs, filters, 3, stride), (filters, filters, 3, 1))
        for i, (n, m, kernel, step) in enumerate(rows, start=1):
            conv = nn.Conv2d(n, m, kernel, step, kernel // 2, bias=False)
            setattr(self, f"conv{i}", conv)
            setattr(self, f"bn{i}", nn.BatchNorm2d(m))
        self.depth, self.downsample = len(rows), None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        shortcut = self.downsample(x) if self.downsample else x
        for i in range(1, self.depth + 1):
            x = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x))
            if i < self.depth:
                x = x.relu()
        return (x + shortcut).relu()


def resnet(width, *blocks, bottleneck):
    first = int(64 * width)

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, first, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(first)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            channels = first
            for i, count in enumerate(blocks):
                filters, layers = first * 2**i, []
                for j in range(count):
                    stride = 2 if i and not j else 1
                    layers.append(Block(channels, filters, stride, bottleneck))
                    channels = 4 * filters if bottleneck else filters
                setattr(self, f"layer{i + 1}", nn.Sequential(*layers))
            self.fc = nn.Linear(channels, 1000)

        def forward(self, x):
            x = self.maxpool(self.bn1(self.conv1(x)).relu())
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(x.mean((2, 3)))

    return ResNet()


A = ((1, 64), (1, 128), (2, 256))
B = ((2, 64), (2, 128), (2, 256))
D = ((2, 64), (2, 128), (3, 256))
NARROW = {"hidden": int(4096 * WIDTH)}
V1_5 = {"variant": "v1.5", "width": WIDTH}
NETS = {  # what makes the net of a width, the builder, its options
    "alexnet": (lambda _: alexnet(), "alexnet", {"variant": "torchvision"}),
    "googlenet": (lambda _: googlenet(), "googlenet", {"variant": "torchvision"}),
    "googlenet_auxiliary": (
        lambda _: googlenet(), "googlenet", {"variant": "torchvision", "auxiliary": True},
    ),
    "googlenet_without": (
        lambda _: googlenet(auxiliary=False), "googlenet", {"variant": "torchvision"},
    ),
    "resnet18": (lambda w: resnet(w, 2, 2, 2, 2, bottleneck=False), "resnet18", V1_5),
    "resnet34": (lambda w: resnet(w, 3, 4, 6, 3, bottleneck=False), "resnet34", V1_5),
    "resnet50": (lambda w: resnet(w, 3, 4, 6, 3, bottleneck=True), "resnet50", V1_5),
    "resnet101": (lambda w: resnet(w, 3, 4, 23, 3, bottleneck=True), "resnet101", V1_5),
    "resnet152": (lambda w: resnet(w, 3, 8, 36, 3, bottleneck=True), "resnet152", V1_5),
    "vgg11": (lambda w: vgg(w, *A, (2, 512), (2, 512)), "vgg11", NARROW),
    "vgg13": (lambda w: vgg(w, *B, (2, 512), (2, 512)), "vgg13", NARROW),
    "vgg16": (lambda w: vgg(w, *D, (3, 512), (3, 512)), "vgg16", NARROW),
}  # fmt: skip
PARAMETERS = {  # torchvision's num_params; GoogLeNet's without the auxiliary heads
    "alexnet": 61_100_840,
    "googlenet_without": 6_624_904,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
}


def randomized(net):
    """The net with random weights that keep the activations within bounds, for inference."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.ndim == 4:
                tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
            elif "running_var" in name or (tensor.ndim == 1 and name.endswith("weight")):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.ndim == 1:
                tensor.normal_(0, 0.1, generator=generator)
    return net.eval()


@pytest.fixture
def saved(tmp_path):
    """A net and its file, by its name in NETS."""

    def make(name):
        torch.manual_seed(0)
        net = randomized(NETS[name][0](WIDTH))
        torch.save(net.state_dict(), tmp_path / f"{name}.pth")
        return net, tmp_path / f"{name}.pth"

    return make


@pytest.mark.parametrize("name", PARAMETERS)
def test_nets_have_the_parameters_of_torchvision(name):
    with torch.device("meta"):  # no values
        net = NETS[name][0](1)
    assert sum(p.numel() for p in net.parameters()) == PARAMETERS[name]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * n.startswith("vgg")) for n in NETS]
)
def test_a_checkpoint_gives_the_same_logits(saved, rng, agree, name):
    net, path = saved(name)
    _, builder, options = NETS[name]
    shape = (64, 64, 3) if builder.startswith("resnet") else (224, 224, 3)
    images = rng.normal(size=(2, *shape)).astype("float32")
    with torch.no_grad():
        expected = net(torch.from_numpy(images.transpose(0, 3, 1, 2)))
    options = {**options, "input_shape": shape, "classifier_activation": None}
    model = kc.models.build(builder, weights=path, **options)
    outputs = model(images)
    if name == "googlenet":  # the file has the heads, the model has not
        expected = expected[0]
    elif name == "googlenet_auxiliary":
        for ours, theirs in zip(outputs[1:], expected[1:], strict=True):
            agree(ours, theirs, 1e-4)
        outputs, expected = outputs[0], expected[0]
    agree(outputs, expected, 1e-4)


@pytest.mark.parametrize(
    "name", [pytest.param("alexnet", marks=pytest.mark.slow), "googlenet", "resnet18"]
)
def test_without_the_top_the_rest_is_loaded(saved, name):
    net, path = saved(name)
    _, builder, options = NETS[name]
    model = kc.models.build(builder, weights=path, include_top=False, **options)
    first = next(layer for layer in model.layers if layer.weights)
    theirs = next(iter(net.state_dict().values())).numpy().transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(first.weights[0], theirs)


def test_half_precision_and_old_files_without_counts_are_read(tmp_path, saved):
    net, _ = saved("resnet18")
    tensors = {
        name: t.bfloat16() for name, t in net.state_dict().items() if "num_batches" not in name
    }
    path = tmp_path / "half.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    model = kc.build_resnet18(**V1_5, weights=path)
    np.testing.assert_array_equal(model.get_weights()[-1], tensors["fc.bias"].float())


# Files that are refused


@pytest.fixture(scope="module")
def resnet18():
    return kc.build_resnet18(**V1_5, include_top=False)


@pytest.fixture
def refused(refused, resnet18):
    """What must be refused, by a ResNet-18."""
    return lambda path, kind, match: refused(path, kind, match, resnet18)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was run",))


@pytest.mark.parametrize("new_format", [True, False])
def test_code_in_a_file_is_not_run(tmp_path, refused, new_format):
    path = tmp_path / "trap.pth"
    torch.save({"fc.weight": Trap()}, path, _use_new_zipfile_serialization=new_format)
    refused(path, OSError, r"it contains code \(.*_Fail\), which is never run")


def test_a_whole_net_in_a_file_is_not_run(tmp_path, refused):
    path = tmp_path / "net.pth"
    torch.save(nn.Linear(2, 2), path)
    refused(path, OSError, r"it contains code \(torch.nn.*Linear\), which is never run")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_or_empty_file_is_refused(saved, refused, share):
    _, path = saved("resnet18")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, OSError, "cannot be read")


def test_text_is_refused(tmp_path, refused):
    path = tmp_path / "text.pth"
    path.write_text("hello")
    refused(path, OSError, "cannot be read")


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, torch.zeros(3)])
def test_what_is_no_state_dict_is_refused(tmp_path, refused, content):
    path = tmp_path / "other.pth"
    torch.save(content, path)
    refused(path, ValueError, "must contain only named tensors")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"conv1.weight": torch.zeros(8, 3, 3, 3)},
            r"'conv1_conv', with \(7, 7, 3, 8\) in the model and \(3, 3, 3, 8\) in the file",
        ),
        ({"layer2.0.bn1.weight": None}, r"'conv3_block1_1_bn', with .* in the model"),
        ({"layer9.weight": torch.zeros(3)}, r"also has 'layer9.weight', with \(3,\)"),
    ],
)
def test_a_file_of_another_net_names_what_differs(saved, refused, change, match):
    net, path = saved("resnet18")
    tensors = {**net.state_dict(), **change}
    torch.save({name: t for name, t in tensors.items() if t is not None}, path)
    refused(path, ValueError, match)


def test_the_stride_of_v1_has_biases_that_the_file_lacks(saved):
    _, path = saved("resnet18")
    with pytest.raises(ValueError, match=r"'conv1_conv', with \(7, 7, 3, 8\) and \(8,\)"):
        kc.build_resnet50(variant="v1", width=WIDTH, weights=path)


def test_an_architecture_that_torchvision_lacks(tmp_path):
    path = tmp_path / "lenet.pth"
    torch.save({"conv1.weight": torch.zeros(6, 1, 5, 5)}, path)
    with pytest.raises(ValueError, match=r"can be read for alexnet, .*, not for lenet5"):
        kc.build_lenet5(weights=path)


def test_without_torch_one_line_says_what_to_install(saved, monkeypatch):
    _, path = saved("resnet18")
    real = builtins.__import__

    def without_torch(name, *args, **kwargs):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(ImportError, match=r'pip install "kerascnn\[torch\]"') as caught:
        kc.build_resnet18(**V1_5, weights=path)
    assert "\n" not in str(caught.value)


def test_a_flipped_byte_is_noticed(tmp_path, refused):
    path = tmp_path / "flipped.pth"
    torch.save({"fc.weight": torch.zeros(100, 100)}, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(path, OSError, "the checksum of .* is wrong")


def test_complex_numbers_are_refused(tmp_path, refused):
    path = tmp_path / "complex.pth"
    torch.save({"fc.weight": torch.zeros(2, 2, dtype=torch.complex64)}, path)
    refused(path, ValueError, "real numbers; 'fc.weight' is complex")


def test_a_narrow_net_flattens_maps_of_its_own(tmp_path):
    """As PyTorch keeps the weights: channels before rows and columns, where maps are flattened."""
    narrow = {"variant": "torchvision", "width": 1 / 8, "classes": 7, "input_shape": (127, 127, 3)}
    model = kc.build_alexnet(**narrow)
    modules = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}
    modules = {name: f"features.{i}" for name, i in modules.items()}
    modules |= {"fc6": "classifier.1", "fc7": "classifier.4", "predictions": "classifier.6"}
    checkpoint = {}
    for name, module in modules.items():
        kernel, bias = model.get_layer(name).get_weights()
        if name == "fc6":
            maps = kernel.reshape(6, 6, -1, kernel.shape[-1])
            kernel = np.moveaxis(maps, 2, 0).reshape(kernel.shape)
        order = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
        kernel = np.ascontiguousarray(kernel.transpose(order))
        checkpoint[f"{module}.weight"] = torch.from_numpy(kernel)
        checkpoint[f"{module}.bias"] = torch.from_numpy(bias)
    torch.save(checkpoint, tmp_path / "narrow.pth")
    other = kc.build_alexnet(**narrow, weights=tmp_path / "narrow.pth")
    for ours, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)
