using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cameo.Sessions;

/// <content>String tensors: elements are handles into a table of texts, which goes back to the model's own as each run begins.</content>
public abstract unsafe partial class CompiledSession
{
    private SessionTexts? _texts;
    private long[]?[] _boundTexts = [];
    private string[]?[] _readTexts = [];

    /// <summary>The texts of the run under way, or of the last one.</summary>
    protected SessionTexts Texts => _texts ??= new SessionTexts(Model.Texts);

    /// <summary>Takes an input of strings: adds its texts to <see cref="Texts"/>.</summary>
    /// <param name="index">Index among the model's inputs.</param>
    /// <param name="texts">The elements.</param>
    /// <returns>Their handles, which stay where they are until the input is bound again.</returns>
    /// <exception cref="ArgumentException">An element is null.</exception>
    protected void* BindTexts(int index, ReadOnlySpan<string> texts)
    {
        if (_boundTexts.Length == 0)
        {
            _boundTexts = new long[Description.Inputs.Length][];
        }

        long[] handles = _boundTexts[index] is { } known && known.Length >= texts.Length
            ? known
            : _boundTexts[index] = GC.AllocateUninitializedArray<long>(Math.Max(texts.Length, 1), pinned: true);
        SessionTexts table = Texts;
        for (int element = 0; element < texts.Length; element++)
        {
            handles[element] = texts[element] is { } text
                ? table.Handle(text)
                : throw new ArgumentException($"Element {element} of input '{Description.Inputs[index].Name}' is null.");
        }

        return Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(handles));
    }

    /// <summary>The elements of an output of strings, valid until the session is used again.</summary>
    /// <param name="index">Index among the model's outputs.</param>
    /// <param name="handles">Its handles.</param>
    /// <param name="count">Number of elements.</param>
    protected ReadOnlySpan<string> ReadTexts(int index, void* handles, int count)
    {
        if (_readTexts.Length == 0)
        {
            _readTexts = new string[Description.Outputs.Length][];
        }

        string[] texts = _readTexts[index] is { } known && known.Length >= count ? known : _readTexts[index] = new string[count];
        SessionTexts table = Texts;
        for (int element = 0; element < count; element++)
        {
            texts[element] = table[((long*)handles)[element]];
        }

        return new ReadOnlySpan<string>(texts, 0, count);
    }
}
