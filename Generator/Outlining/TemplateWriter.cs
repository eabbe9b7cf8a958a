using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Outlining;

/// <summary>Records what a kernel writes as a template.</summary>
internal sealed class TemplateWriter : KernelWriter
{
    private readonly SymbolFields _symbols;
    private readonly CodeWriter _body = new();
    private readonly List<string> _helpers = [];
    private readonly List<Hole> _holes = [];

    private TemplateWriter(SymbolFields symbols) => _symbols = symbols;

    public override string Name => KernelTemplate.NameMark;

    /// <summary>The templates of kernels, in their order.</summary>
    public static KernelTemplate[] Record(IReadOnlyList<Kernel> kernels, SymbolFields symbols, CancellationToken cancellationToken)
    {
        var templates = new KernelTemplate[kernels.Count];
        for (int index = 0; index < templates.Length; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            templates[index] = Record(kernels[index], symbols);
        }

        return templates;
    }

    public override void Line(string text = "") => _body.Line(text);

    public override CodeWriter.BlockScope Block(string head) => _body.Block(head);

    public override string Pointer(View view) => Mark(new PointerHole(view));

    public override string Size(Dimension dimension) => _symbols.Size(dimension);

    public override string Estimate(Dimension dimension) => _symbols.Estimate(dimension);

    public override void Ensure(View view, Node node) =>
        Line($"Pool.Ensure({Mark(new PoolHole(view.Buffer))}, {Size(view.Buffer.Bytes)}, {Estimate(view.Buffer.Bytes)}, {CSharpText.Literal(node.ToString())});");

    public override void Extend(View view, Dimension used, Node node) =>
        Line($"Pool.Extend({Mark(new PoolHole(view.Buffer))}, {Size(used)}, {Size(view.Buffer.Bytes)}, {Estimate(view.Buffer.Bytes)}, {CSharpText.Literal(node.ToString())});");

    public override void Exchange(View left, View right) => Line($"Pool.Exchange({Mark(new PoolHole(left.Buffer))}, {Mark(new PoolHole(right.Buffer))});");

    public override string Call(Kernel kernel) => Mark(new CallHole(kernel));

    public override string State(StatePair state) => Mark(new StateHole(state));

    public override void Helper(Action<CodeWriter> write)
    {
        var code = new CodeWriter();
        write(code);
        _helpers.Add(code.ToString().TrimEnd('\n'));
    }

    public override string MatrixEpilogue(FusedEpilogue epilogue) => EpilogueWriter.WriteMatrix(epilogue, this);

    public override string StoringEpilogue(PackedProduct product) => StoringEpilogueWriter.Write(product, this);

    public override string ChannelEpilogue(FusedEpilogue epilogue) => EpilogueWriter.WriteChannel(epilogue, this);

    private static KernelTemplate Record(Kernel kernel, SymbolFields symbols)
    {
        var writer = new TemplateWriter(symbols);
        try
        {
            writer.PrepareResults(kernel);
            kernel.Emit(writer);
        }
        catch (NotSupportedException exception)
        {
            throw ModelException.Unsupported(kernel.Node, exception.Message);
        }

        // Messages name the node, which must not keep kernels apart.
        string body = writer._body.ToString().TrimEnd('\n');
        string name = CSharpText.Literal(kernel.Node.ToString());
        if (body.Contains(name))
        {
            body = body.Replace(name, writer.Mark(new NameHole(kernel.Node.ToString())));
        }

        return new KernelTemplate(kernel, body, writer._helpers, writer._holes);
    }

    /// <summary>What has data-dependent sizes gets its memory now that they are known, and windows are checked. What branches and bodies write, their own kernels prepare.</summary>
    private void PrepareResults(Kernel kernel)
    {
        foreach (View view in kernel.Blocks.Count > 0 ? [] : kernel.Writes.Where(view => view.Buffer.Kind == MemoryKind.Pooled).GroupBy(view => view.Buffer).Select(group => group.First()))
        {
            foreach (Dimension size in kernel.Kind is "convolution" or "pool" ? view.Shape.Skip(2).Where(size => !size.IsStatic).Distinct() : [])
            {
                using (Block($"if ({Size(size)} < 1)"))
                {
                    Line($"ThrowDimensionOutOfBounds({CSharpText.Literal($"{size} (a size of '{view.Buffer.Name}')")}, {Size(size)}, 1, long.MaxValue, \"\");");
                }

                Line();
            }

            Ensure(view, kernel.Node);
        }
    }

    private string Mark(Hole hole)
    {
        _holes.Add(hole);
        return KernelTemplate.Mark(_holes.Count - 1);
    }
}
