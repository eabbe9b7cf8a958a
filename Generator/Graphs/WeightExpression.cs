namespace Cameo.Generator.Graphs;

/// <summary>
/// How packing makes a tensor from the model's bytes: a small tree of a closed list of transforms. All shapes are known; all buffers are dense and
/// row-major. Anything else that constants need is compiled into code that runs once at load.
/// </summary>
internal abstract record WeightExpression(ElementType ElementType, IReadOnlyList<long> Shape)
{
    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    protected string Head => $"{ElementType.OnnxName()}[{string.Join(",", Shape)}]";
}

/// <summary>The bytes of a tensor of the model, by its name in the graph text.</summary>
internal sealed record WeightSource(string Tensor, ElementType ElementType, IReadOnlyList<long> Shape) : WeightExpression(ElementType, Shape)
{
    /// <summary>The bits of all elements on and below the diagonal of the matrices of the last two axes, and of all above it, where import found one value in each.</summary>
    public (ulong Lower, ulong Upper)? Triangles { get; init; }

    /// <summary>Whether import found that all elements of a float32 tensor are finite float16 numbers.</summary>
    public bool IsHalf { get; init; }

    public override string ToString() => $"{Head} \"{Tensor}\"";
}

/// <summary>Bytes given here: small constants that kernels read from memory.</summary>
internal sealed record WeightBytes(byte[] Data, ElementType ElementType, IReadOnlyList<long> Shape) : WeightExpression(ElementType, Shape)
{
    public override string ToString() => $"{Head} 0x{BitConverter.ToString(Data).Replace("-", "")}";
}

/// <summary>One value everywhere; <paramref name="Element"/> holds the element's bytes.</summary>
internal sealed record WeightFill(byte[] Element, ElementType ElementType, IReadOnlyList<long> Shape) : WeightExpression(ElementType, Shape)
{
    public override string ToString() => $"{Head} fill 0x{BitConverter.ToString(Element).Replace("-", "")}";
}

/// <summary>The same elements in the same order under another shape.</summary>
internal sealed record WeightReshape(WeightExpression Input, IReadOnlyList<long> Shape) : WeightExpression(Input.ElementType, Shape)
{
    public override string ToString() => $"{Head} reshape({Input})";
}

/// <summary>Axis <c>i</c> of the result is axis <c>Permutation[i]</c> of the input.</summary>
internal sealed record WeightTranspose(WeightExpression Input, IReadOnlyList<int> Permutation)
    : WeightExpression(Input.ElementType, [.. Permutation.Select(axis => Input.Shape[axis])])
{
    public override string ToString() => $"{Head} transpose[{string.Join(",", Permutation)}]({Input})";
}

/// <summary>Elements from <paramref name="Start"/> on, <paramref name="Step"/> apart (may be negative), per axis.</summary>
internal sealed record WeightSlice(WeightExpression Input, IReadOnlyList<long> Start, IReadOnlyList<long> Step, IReadOnlyList<long> Shape)
    : WeightExpression(Input.ElementType, Shape)
{
    public override string ToString() => $"{Head} slice[{string.Join(",", Start)};{string.Join(",", Step)}]({Input})";
}

/// <summary>Inputs of equal shape but for <paramref name="Axis"/>, one after the other along it.</summary>
internal sealed record WeightConcatenation(IReadOnlyList<WeightExpression> Inputs, int Axis, IReadOnlyList<long> Shape)
    : WeightExpression(Inputs[0].ElementType, Shape)
{
    public override string ToString() => $"{Head} concat[{Axis}]({string.Join(", ", Inputs)})";
}

/// <summary>Conversion as ONNX's Cast does it.</summary>
internal sealed record WeightCast(WeightExpression Input, ElementType ElementType) : WeightExpression(ElementType, Input.Shape)
{
    public override string ToString() => $"{Head} cast({Input})";
}

/// <summary>Every element times a float32 number.</summary>
internal sealed record WeightScale(WeightExpression Input, float Factor) : WeightExpression(Input.ElementType, Input.Shape)
{
    public override string ToString() => $"{Head} scale {Factor:R}({Input})";
}

/// <summary>Bytes seen as elements of 4 or 2 bits, lowest bits first, one after the other along the last axis.</summary>
internal sealed record WeightUnpack(WeightExpression Input, ElementType ElementType)
    : WeightExpression(ElementType, [.. Input.Shape.Take(Input.Shape.Count - 1), Input.Shape[Input.Shape.Count - 1] * 8 / ElementType.Bits()])
{
    public override string ToString() => $"{Head} unpack({Input})";
}

/// <summary>Bytes seen as elements of a type of several bytes, lowest first, one after the other along the last axis.</summary>
internal sealed record WeightReinterpret(WeightExpression Input, ElementType ElementType)
    : WeightExpression(ElementType, [.. Input.Shape.Take(Input.Shape.Count - 1), Input.Shape[Input.Shape.Count - 1] / ElementType.Bytes()])
{
    public override string ToString() => $"{Head} reinterpret({Input})";
}

/// <summary>Every element of an integer type of at most 8 bits plus a number, wrapping within a byte, seen as another such type.</summary>
internal sealed record WeightOffset(WeightExpression Input, int Offset, ElementType ElementType) : WeightExpression(ElementType, Input.Shape)
{
    public override string ToString() => $"{Head} offset {Offset}({Input})";
}

/// <summary>
/// Panels of 32-bit words for kernels over narrow weights: a stack of matrices [batch, rows (K), columns (N)] becomes uint32 [batch, ceil(N / Width), ceil(K / g), Width],
/// where a word holds g = 32 / Bits consecutive rows of one column. Element j of a word lies in its bits Bits · j and up; of 4 bits, the first four lie in the lower halves of
/// the bytes and the next four in the upper halves. Missing rows and columns are zero.
/// </summary>
internal sealed record WeightWords(WeightExpression Input, int Bits, int Width)
    : WeightExpression(ElementType.UInt32, [Input.Shape[0], (Input.Shape[2] + Width - 1) / Width, (Input.Shape[1] + 32 / Bits - 1) / (32 / Bits), Width])
{
    public override string ToString() => $"{Head} words of {Bits} bits({Input})";
}

/// <summary>
/// Panels for matrix kernels: a float32 matrix stack [batch, rows (K), columns (N)] becomes [batch, ceil(N / Width), K, Width], missing columns zero.
/// </summary>
internal sealed record WeightPanels(WeightExpression Input, int Width)
    : WeightExpression(Input.ElementType, [Input.Shape[0], (Input.Shape[2] + Width - 1) / Width, Input.Shape[1], Width])
{
    public override string ToString() => $"{Head} panels({Input})";
}
