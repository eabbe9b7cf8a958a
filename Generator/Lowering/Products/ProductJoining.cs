namespace Cameo.Generator.Lowering;

/// <summary>
/// Computes products with packed weights that have the left operand in common as one: it is read and brought into tiles once, threads are handed one piece of work instead of several.
/// <para>Before: <c>q = x · Q + b; k = x · K; v = x · V</c>. After: <c>(q, k, v) = x · [Q K V]</c>, each part with its own epilogue and place.</para>
/// <para>Before: <c>g = x · G; y = silu(g) ⊙ (x · U)</c>. After: <c>y = x · [G₀ U₀ G₁ U₁ …]</c>, panels in turn, so that g never leaves the cache and has no memory of its own.</para>
/// A product moves to the place of the first; it must not read what is written between, nor be read there.
/// </summary>
internal sealed class ProductJoining
{
    /// <summary>How far apart products are looked for: within one layer of any model, without comparing all products of a long one.</summary>
    private const int MaximumDistance = 64;

    private readonly LoweredModel _model;
    private readonly LoweringContext _context;
    private readonly Dictionary<Kernel, HashSet<MemoryBuffer>> _reads = [];
    private readonly Dictionary<Kernel, HashSet<MemoryBuffer>> _writes = [];
    private readonly HashSet<MemoryBuffer> _replaced = [];

    private ProductJoining(LoweredModel model, LoweringContext context)
    {
        _model = model;
        _context = context;
    }

    private List<Kernel> Kernels => _model.Kernels;

    public static void Run(LoweredModel model, LoweringContext context)
    {
        var joining = new ProductJoining(model, context);
        for (int index = 0; index < model.Kernels.Count; index++)
        {
            joining.JoinAt(index);
        }

        model.RemoveWeights(joining._replaced);
    }

    private void JoinAt(int first)
    {
        if (!IsSingle(Kernels[first]))
        {
            return;
        }

        List<int> others = [];
        for (int index = first + 1; index < Math.Min(Kernels.Count, first + MaximumDistance); index++)
        {
            if (!IsSingle(Kernels[index]) || !Fit(Kernels[first].Product!, Kernels[index].Product!) || !CanMove(index, first, others))
            {
                continue;
            }

            if (!Overlaps(Reads(Kernels[index]), Writes(Kernels[first])))
            {
                others.Add(index);
            }
            else if (IsGate(first, index))
            {
                others = [index];
                Join(first, others, isGated: true);
                return;
            }
        }

        if (others.Count > 0)
        {
            Join(first, others, isGated: false);
        }
    }

    private static bool IsSingle(Kernel kernel) => kernel is { Owner: null, Product.Parts.Count: 1 };

    private static bool Fit(PackedProduct first, PackedProduct other) => first.Left.IsSame(other.Left) && first.Weights.Fits(other.Weights);

    /// <summary>Whether a kernel may run at an earlier place instead.</summary>
    private bool CanMove(int from, int to, List<int> alongside)
    {
        HashSet<MemoryBuffer> reads = Reads(Kernels[from]), writes = Writes(Kernels[from]);
        for (int between = to + 1; between < from; between++)
        {
            Kernel kernel = Kernels[between];
            if (Overlaps(Writes(kernel), reads) || (!alongside.Contains(between) && (Overlaps(Writes(kernel), writes) || Overlaps(Reads(kernel), writes))))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a product's results only wait for the epilogue of the other, which reads each where it writes its own.</summary>
    private bool IsGate(int first, int second)
    {
        ProductPart gate = Kernels[first].Product!.Parts[0];
        ProductPart result = Kernels[second].Product!.Parts[0];
        MemoryBuffer buffer = gate.Output.Buffer;
        View[] reads = [.. result.Epilogue.Inputs.Where(view => view.Buffer == buffer)];
        return gate.Columns == result.Columns && gate.Output.IsContiguous && result.Output.IsContiguous && gate.Ranges.Count == 0 && result.Ranges.Count == 0
            && gate.Output.ElementType == result.Output.ElementType
            && reads.All(view => view.IsContiguous && view.Offset == gate.Output.Offset && view.Shape.ElementCount == gate.Output.Shape.ElementCount)
            && Kernels[second].Product!.Left.Buffer != buffer
            && Kernels.Where((_, index) => index != second).All(kernel => !Reads(kernel).Contains(buffer))
            && _model.Outputs.All(output => output?.Buffer != buffer);
    }

    private void Join(int first, List<int> others, bool isGated)
    {
        PackedProduct[] products = [Kernels[first].Product!, .. others.Select(index => Kernels[index].Product!)];
        ProductWeights weights = products[0].Weights.Join([.. products.Select(product => product.Weights)], isGated, _context);
        _replaced.UnionWith(products.SelectMany(product => product.Weights.Reads).Select(view => view.Buffer));
        _model.MoveWeights(weights.Reads, products[0].Weights.Reads[0]);
        Kernels[first] = (products[0] with { Weights = weights, Parts = [.. products.SelectMany(product => product.Parts)], IsGated = isGated }).ToKernel();
        foreach (int index in others.OrderByDescending(index => index))
        {
            Kernels.RemoveAt(index);
        }
    }

    private HashSet<MemoryBuffer> Reads(Kernel kernel) => Buffers(_reads, kernel, kernel.Reads);

    private HashSet<MemoryBuffer> Writes(Kernel kernel) => Buffers(_writes, kernel, kernel.Writes);

    private static HashSet<MemoryBuffer> Buffers(Dictionary<Kernel, HashSet<MemoryBuffer>> known, Kernel kernel, IReadOnlyList<View> views)
    {
        if (!known.TryGetValue(kernel, out HashSet<MemoryBuffer>? buffers))
        {
            known[kernel] = buffers = [.. views.Select(view => view.Buffer)];
        }

        return buffers;
    }

    private static bool Overlaps(HashSet<MemoryBuffer> left, HashSet<MemoryBuffer> right) => left.Overlaps(right);
}
