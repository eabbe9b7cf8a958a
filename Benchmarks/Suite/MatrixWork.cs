namespace Cameo.Benchmarks.Suite;

/// <summary>A matrix product to measure.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Left">Shape of the left operand as it lies in memory.</param>
/// <param name="Right">Shape of the right operand as it lies in memory.</param>
/// <param name="IsConstant">Whether the right operand is an initializer; otherwise it is an input, unknown before the run.</param>
/// <param name="SwapsLeft">Whether the model swaps the last two axes of the left operand before it multiplies.</param>
/// <param name="SwapsRight">Whether the model swaps the last two axes of the right operand before it multiplies.</param>
internal sealed record MatrixWork(string Name, long[] Left, long[] Right, bool IsConstant, bool SwapsLeft = false, bool SwapsRight = false)
{
    /// <summary>The products that are measured where nothing else is asked for.</summary>
    public static readonly MatrixWork[] Main =
    [
        .. Both("1024×1024×1024", [1024, 1024], [1024, 1024]),
        .. Both("128×768×3072", [128, 768], [768, 3072]),
        .. Both("7×576×1536", [7, 576], [576, 1536]),
        .. Both("12×128×64×128", [12, 128, 64], [12, 64, 128]),
    ];

    /// <summary>Products of other kinds: tall, wide, few rows, small depth, transposed, batched with a shared operand.</summary>
    public static readonly MatrixWork[] Others =
    [
        .. Both("tall 4096×64×64", [4096, 64], [64, 64]),
        .. Both("wide 64×256×8192", [64, 256], [256, 8192]),
        .. Both("deep 64×8192×64", [64, 8192], [8192, 64]),
        .. Both("shallow 512×8×512", [512, 8], [8, 512]),
        .. Both("odd 197×197×197", [197, 197], [197, 197]),
        .. new long[] { 1, 2, 3, 4, 5, 8, 13, 16 }.SelectMany(static rows => Both($"few rows {rows}×576×1536", [rows, 576], [576, 1536])),
        new("keys swapped 12×128×64×128", [12, 128, 64], [12, 128, 64], false, SwapsRight: true),
        new("keys swapped 9×1×64×512", [9, 1, 64], [9, 512, 64], false, SwapsRight: true),
        new("swapped right 256×768×768", [256, 768], [768, 768], false, SwapsRight: true),
        new("swapped left 256×768×768", [768, 256], [768, 768], false, SwapsLeft: true),
        new("shared right 12×128×64×128", [12, 128, 64], [64, 128], false),
        new("shared left 12×128×64×128", [128, 64], [12, 64, 128], false),
    ];

    /// <summary>Rows of the result.</summary>
    public long Rows => SwapsLeft ? Left[^1] : Left[^2];

    /// <summary>Columns of the result.</summary>
    public long Columns => SwapsRight ? Right[^2] : Right[^1];

    /// <summary>Products in each sum.</summary>
    public long Depth => SwapsLeft ? Left[^2] : Left[^1];

    /// <summary>Shape of the result.</summary>
    public long[] Output => [.. (Left.Length >= Right.Length ? Left : Right)[..^2], Rows, Columns];

    /// <summary>Additions and multiplications.</summary>
    public double Operations => 2.0 * Output.Aggregate(1L, static (product, size) => product * size) * Depth;

    private static MatrixWork[] Both(string name, long[] left, long[] right) => [new($"{name}, constant", left, right, true), new($"{name}, computed", left, right, false)];
}
