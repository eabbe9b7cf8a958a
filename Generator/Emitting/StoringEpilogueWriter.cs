using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>
/// Writes the struct of a product whose columns go to several places: of each vector of sums it finds the part that the columns belong to, does that part's work, and stores the result in the
/// part's memory or in a cache. A vector across two places is taken apart into lanes.
/// </summary>
internal sealed class StoringEpilogueWriter
{
    /// <summary>Lanes of the widest vector: columns at a multiple of it are the first of one.</summary>
    private const int MaximumLanes = 16;

    private readonly PackedProduct _product;
    private readonly CodeWriter _code = new();
    private readonly StructParameters _parameters;
    private readonly KernelWriter _writer;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

    private StoringEpilogueWriter(PackedProduct product, KernelWriter writer)
    {
        _product = product;
        _writer = writer;
        _parameters = new StructParameters(writer);
    }

    /// <summary>Writes the struct and returns the C# that constructs it.</summary>
    public static string Write(PackedProduct product, KernelWriter writer)
    {
        var epilogue = new StoringEpilogueWriter(product, writer);
        if (product.IsGated)
        {
            epilogue.WriteGated();
        }
        else
        {
            epilogue.WriteParts();
        }

        return epilogue.Finish();
    }

    private string Finish()
    {
        string name = $"{_writer.Name}Epilogue";
        string body = _code.ToString().TrimEnd('\n');
        _writer.Helper(code =>
        {
            code.Line($"/// <summary>What {_writer.Name} does to each of its sums, and where it stores them.</summary>");
            using (code.Block($"file readonly unsafe struct {name}{_parameters.Declaration} : IEpilogue"))
            {
                code.Line("public static bool Stores => true;");
                code.Line();
                if (_product.IsGated)
                {
                    code.Line("public static int PanelsPerUnit => 2;");
                    code.Line();
                }

                code.Line("[MethodImpl(MethodImplOptions.AggressiveInlining)]");
                using (code.Block("public V Apply<V>(V value, nint row, nint column)\n    where V : struct, IVector<V>"))
                {
                    code.Line(body);
                }
            }
        });
        return $"new {name}{_parameters.Arguments}";
    }

    private void WriteParts()
    {
        long start = 0;
        for (int index = 0; index < _product.Parts.Count; index++)
        {
            ProductPart part = _product.Parts[index];
            long end = start + ((part.Columns + ProductWeights.PanelWidth - 1) / ProductWeights.PanelWidth * ProductWeights.PanelWidth);
            if (index == _product.Parts.Count - 1)
            {
                WritePart(part, start);
                break;
            }

            using (_code.Block($"if (column < {Text(end)})"))
            {
                WritePart(part, start);
            }

            _code.Line();
            start = end;
        }
    }

    private void WritePart(ProductPart part, long start)
    {
        if (start > 0)
        {
            _code.Line($"column -= {Text(start)};");
        }

        // What a last panel has too many is no column of anything.
        if (part.Columns % ProductWeights.PanelWidth != 0)
        {
            WriteLanes($"column + V.Count > {Text(part.Columns)}", start, $"{Text(part.Columns)} - column");
        }

        foreach (long border in part.Ranges.SelectMany(range => new[] { range.Begin, range.End }).Where(border => border % MaximumLanes != 0 && border < part.Columns).Distinct())
        {
            WriteLanes($"column < {Text(border)} && column + V.Count > {Text(border)}", start, "V.Count");
        }

        string result = Result(part.Epilogue, EpilogueWriter.MatrixLoads(part.Epilogue, _parameters));
        if (part.Ranges.Count > 0)
        {
            result = Local(result);
        }

        string output = part.WritesOutput ? Store(part.Output, result, Place(part)) : "";
        long done = 0;
        foreach (CacheRange range in part.Ranges)
        {
            if (range.Begin > done)
            {
                WriteStore($"if (column < {Text(range.Begin)})", output);
            }

            string rows = _parameters.Value("CacheRows", "cache", range.Append.Rows(_writer));
            string column = range.Begin == 0 ? "column" : $"column - {Text(range.Begin)}";
            WriteStore(range.End < part.Columns ? $"if (column < {Text(range.End)})" : "", $"{rows}.Store({result}, row, {column}, {Text(range.Append.HeadSize.Constant)});");
            done = range.End;
        }

        if (done < part.Columns)
        {
            WriteStore("", output);
        }
    }

    private void WriteGated()
    {
        (ProductPart gate, ProductPart part) = (_product.Parts[0], _product.Parts[1]);
        int panel = ProductWeights.PanelWidth;
        string waiting = Text(part.Columns);
        _code.Line("// Panels in turn: what the first makes of a column waits where the second one's result goes.");
        _code.Line($"bool waits = column % {2 * panel} < {panel};");
        _code.Line($"nint joined = column;");
        _code.Line($"column = (column / {2 * panel} * {panel}) + (column % {panel});");
        if (part.Columns % panel != 0)
        {
            using (_code.Block($"if (column + V.Count > {waiting})"))
            {
                _code.Line($"EpilogueLanes.Apply(this, value, row, joined, {waiting} - column);");
                _code.Line("return value;");
            }

            _code.Line();
        }

        string type = StructParameters.TypeName(part.Output.ElementType);
        string place = Place(part);
        _code.Line($"{type}* place = {place};");
        using (_code.Block("if (waits)"))
        {
            WriteStore("", Store(gate.Output, Result(gate.Epilogue, EpilogueWriter.MatrixLoads(gate.Epilogue, _parameters)), "place"));
        }

        _code.Line();
        FusedEpilogue epilogue = part.Epilogue;
        View[] others = [.. epilogue.Inputs.Where(view => view.Buffer != gate.Output.Buffer)];
        string[] otherLoads = EpilogueWriter.MatrixLoads(epilogue with { Inputs = others }, _parameters);
        string[] loads = [.. epilogue.Inputs.Select(view => view.Buffer == gate.Output.Buffer ? EpilogueWriter.Load("V", view.ElementType, "place") : otherLoads[Array.IndexOf(others, view)])];
        WriteStore("", Store(part.Output, Result(epilogue, loads), "place"));
    }

    private string Result(FusedEpilogue epilogue, string[] loads) =>
        epilogue.Expression is { } expression ? EpilogueWriter.Write(expression, _code, loads, _parameters, _names) : "value";

    private string Local(string result)
    {
        if (result == "value")
        {
            return result;
        }

        _names.TryGetValue("result", out int count);
        _names["result"] = count + 1;
        _code.Line($"V result{Text(count)} = {result};");
        return $"result{Text(count)}";
    }

    private string Place(ProductPart part)
    {
        string pointer = _parameters.Pointer(part.Output, "output");
        string stride = _parameters.Size(part.RowStride);
        return $"{pointer} + row * {(stride.Contains(' ') ? $"({stride})" : stride)} + column";
    }

    private static string Store(View output, string result, string place) =>
        output.ElementType == ElementType.Float32 ? $"V.Store({result}, {place});" : $"NarrowLanes.Store({result}, {place});";

    private void WriteLanes(string condition, long start, string count)
    {
        using (_code.Block($"if ({condition})"))
        {
            _code.Line($"EpilogueLanes.Apply(this, value, row, {(start == 0 ? "column" : $"column + {Text(start)}")}, {count});");
            _code.Line("return value;");
        }

        _code.Line();
    }

    private void WriteStore(string condition, string statement)
    {
        if (condition.Length == 0)
        {
            _code.Line(statement);
            _code.Line("return value;");
            return;
        }

        using (_code.Block(condition))
        {
            _code.Line(statement);
            _code.Line("return value;");
        }

        _code.Line();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
