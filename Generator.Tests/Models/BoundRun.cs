using System.Reflection;
using System.Runtime.InteropServices;
using Cameo.Memory;
using Cameo.Sessions;

namespace Cameo.Tests.Models;

/// <summary>
/// A run of any session on inputs in aligned memory that stays where it is: what the typed method does, without knowing its signature. The untyped interface copies its results and so
/// allocates; this does not, so that what the model's own code allocates can be measured.
/// </summary>
internal sealed unsafe class BoundRun : IDisposable
{
    private readonly Bind _bind;
    private readonly Action _enter;
    private readonly Action _execute;
    private readonly Action _exit;
    private readonly View _view;
    private readonly Arena[] _inputs;
    private readonly int[] _lengths;
    private readonly long[][] _shapes;
    private readonly int _outputs;

    /// <summary>Prepares runs on some of the tensors: those that are the model's inputs.</summary>
    public BoundRun(CompiledSession session, IReadOnlyDictionary<string, Tensor> tensors)
    {
        _bind = Method("BindInput", session).CreateDelegate<Bind>(session);
        _enter = Method("Enter", session).CreateDelegate<Action>(session);
        _execute = Method("Execute", session).CreateDelegate<Action>(session);
        _exit = Method("Exit", session).CreateDelegate<Action>(session);
        _view = Method("GetOutputView", session).CreateDelegate<View>(session);
        Tensor[] inputs = [.. session.Description.Inputs.Select(input => tensors[input.Name])];
        _shapes = [.. inputs.Select(static input => input.Shape.ToArray())];
        _inputs = [.. inputs.Select(Copy)];
        _lengths = [.. inputs.Select(static input => input.Bytes.Length)];

        _outputs = session.Description.Outputs.Length;
    }

    private delegate void Bind(int index, void* data, ReadOnlySpan<long> shape);

    private delegate TensorView View(int index);

    /// <summary>Runs the model once.</summary>
    public void Run()
    {
        _enter();
        try
        {
            for (int index = 0; index < _shapes.Length; index++)
            {
                _bind(index, _inputs[index].Pointer, _shapes[index]);
            }

            _execute();
        }
        finally
        {
            _exit();
        }
    }

    /// <summary>An input's elements, to be changed between runs.</summary>
    public Span<T> Input<T>(int index)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(new Span<byte>(_inputs[index].Pointer, _lengths[index]));

    /// <summary>A copy of an output of the last run.</summary>
    public Tensor Output(int index) => _view(index).ToTensor();

    /// <summary>The bytes of the last run's outputs, folded to a number.</summary>
    public long Fold()
    {
        long folded = 0;
        for (int index = 0; index < _outputs; index++)
        {
            TensorView view = _view(index);
            foreach (byte value in new ReadOnlySpan<byte>(view.Data, checked((int)(view.ElementCount * view.ElementType.Bytes()))))
            {
                folded = unchecked((folded * 31) + value);
            }
        }

        return folded;
    }

    public void Dispose() => Array.ForEach(_inputs, static input => input.Dispose());

    private static Arena Copy(Tensor tensor)
    {
        var memory = new Arena(tensor.Bytes.Length);
        tensor.Bytes.CopyTo(new Span<byte>(memory.Pointer, tensor.Bytes.Length));
        return memory;
    }

    // An input may be named so that a method of its own has the same name.
    private static MethodInfo Method(string name, CompiledSession session)
        => session.GetType().GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
            .Single(method => method.Name == name && method.GetBaseDefinition().DeclaringType == typeof(CompiledSession));
}
