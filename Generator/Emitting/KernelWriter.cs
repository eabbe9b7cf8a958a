using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>What a kernel writes its C# with: statements of its method, helper structs, and the spelling of memory and sizes.</summary>
internal abstract class KernelWriter
{
    /// <summary>Name of the kernel's method ("Kernel12"), a prefix for its helper structs.</summary>
    public abstract string Name { get; }

    /// <summary>A statement (or several lines) of the kernel's method.</summary>
    public abstract void Line(string text = "");

    /// <summary>Opens a block in the kernel's method.</summary>
    public abstract CodeWriter.BlockScope Block(string head);

    /// <summary>A typed pointer to a view's first element, offset included: "(float*)(Arena + 4096)".</summary>
    public abstract string Pointer(View view);

    /// <summary>A size as a C# expression of type long: a literal, or an expression over the session's dimension fields. Parenthesised where needed.</summary>
    public abstract string Size(Dimension dimension);

    /// <summary>A size as a C# expression of type double, for finding that it is more than 64 bits hold.</summary>
    public abstract string Estimate(Dimension dimension);

    /// <summary>Makes the memory of a value whose size depends on data as large as it must be now; its content is lost where it grows. Kernels' results have it before they run.</summary>
    public abstract void Ensure(View view, Node node);

    /// <summary>As <see cref="Ensure"/>, where so many bytes are kept.</summary>
    public abstract void Extend(View view, Dimension used, Node node);

    /// <summary>Lets the memory of two values whose sizes depend on data change places.</summary>
    public abstract void Exchange(View left, View right);

    /// <summary>Sets a size that depends on data from a C# expression of type long; a negative one, or one beyond what is known to be the largest, ends the run.</summary>
    public void SetSize(Dimension size, string value, long maximum = long.MaxValue)
    {
        string limit = maximum == long.MaxValue ? "long.MaxValue" : maximum.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Line($"{Size(size)} = CheckSize({value}, {limit}, {CSharpText.Literal(size.ToString())});");
    }

    /// <summary>Calls the method of a kernel of a branch or body: "Relu12()".</summary>
    public abstract string Call(Kernel kernel);

    /// <summary>The session's buffer of a state: an expression of type <c>KeyValueBuffer</c> or <c>CarriedState</c>.</summary>
    public abstract string State(StatePair state);

    /// <summary>The session's <c>SequenceState</c>, whose plan of the run under way says what each row appends.</summary>
    public string Sequence => "Sequence!";

    /// <summary>A <c>file</c> struct beside the model class; text as written by <paramref name="write"/>.</summary>
    public abstract void Helper(Action<CodeWriter> write);

    /// <summary>
    /// Writes the struct for a fused epilogue of a matrix product (rows are batch × rows flattened) and returns
    /// the C# that constructs it; "default(NoEpilogue)" where there is nothing to do. Implements <c>IEpilogue</c>.
    /// </summary>
    public abstract string MatrixEpilogue(FusedEpilogue epilogue);

    /// <summary>As <see cref="MatrixEpilogue"/> for a product whose columns go to several places: the struct stores them.</summary>
    public abstract string StoringEpilogue(PackedProduct product);

    /// <summary>As <see cref="MatrixEpilogue"/> for kernels whose lanes run along the pixels of one channel of an NCHW result: implements <c>IChannelEpilogue</c>.</summary>
    public abstract string ChannelEpilogue(FusedEpilogue epilogue);
}
