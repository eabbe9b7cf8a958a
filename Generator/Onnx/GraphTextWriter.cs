using System.Collections;
using System.Globalization;
using System.Text;
using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cameo.Generator.Onnx;

/// <summary>
/// Writes a model as protobuf JSON, the same bytes on every machine, with one node, tensor or value a line, indented by the depth of the graph, so that
/// a diagnostic can point at a line and a changed node is a changed line. Fields stand in the order of the schema.
/// </summary>
internal sealed class GraphTextWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public static string Write(ModelProto model)
    {
        GraphTextWriter writer = new();
        writer.WriteBlock(model);
        writer._text.Append('\n');
        return writer._text.ToString();
    }

    private void WriteMessage(IMessage message)
    {
        if (message is GraphProto or FunctionProto)
        {
            WriteBlock(message);
        }
        else
        {
            WriteLine(message);
        }
    }

    private void WriteBlock(IMessage message)
    {
        _text.Append('{');
        _depth++;
        bool first = true;
        foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (IsPresent(message, field))
            {
                _text.Append(first ? "" : ",");
                first = false;
                StartLine();
                WriteName(field);
                WriteBlockValue(message, field);
            }
        }

        _depth--;
        StartLine();
        _text.Append('}');
    }

    private void WriteBlockValue(IMessage message, FieldDescriptor field)
    {
        object value = field.Accessor.GetValue(message);
        if (!field.IsRepeated || field.FieldType != FieldType.Message)
        {
            WriteValue(field, value);
            return;
        }

        _text.Append('[');
        _depth++;
        bool first = true;
        foreach (IMessage element in (IEnumerable)value)
        {
            _text.Append(first ? "" : ",");
            first = false;
            StartLine();
            WriteMessage(element);
        }

        _depth--;
        StartLine();
        _text.Append(']');
    }

    private void WriteLine(IMessage message)
    {
        _text.Append('{');
        bool first = true;
        foreach (FieldDescriptor field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (IsPresent(message, field))
            {
                _text.Append(first ? "" : ", ");
                first = false;
                WriteName(field);
                WriteValue(field, field.Accessor.GetValue(message));
            }
        }

        _text.Append('}');
    }

    private void WriteValue(FieldDescriptor field, object value)
    {
        if (!field.IsRepeated)
        {
            WriteSingle(field, value);
            return;
        }

        _text.Append('[');
        bool first = true;
        foreach (object element in (IEnumerable)value)
        {
            _text.Append(first ? "" : ", ");
            first = false;
            WriteSingle(field, element);
        }

        _text.Append(']');
    }

    private void WriteSingle(FieldDescriptor field, object value)
    {
        switch (value)
        {
            case IMessage message:
                WriteMessage(message);
                break;
            case string text:
                JsonText.AppendString(_text, text);
                break;
            case ByteString bytes:
                _text.Append('"').Append(bytes.ToBase64()).Append('"');
                break;
            case float number:
                JsonText.AppendNumber(_text, number);
                break;
            case long number:
                JsonText.AppendNumber(_text, number);
                break;
            case int number:
                JsonText.AppendNumber(_text, number);
                break;
            case Enum constant:
                WriteConstant(field, Convert.ToInt32(constant, CultureInfo.InvariantCulture));
                break;
            default:
                // double_data and uint64_data: the import stores neither.
                throw new InvalidOperationException($"The graph text has no form for {field.FullName}.");
        }
    }

    private void WriteConstant(FieldDescriptor field, int number)
    {
        // A value that the schema does not know stays a number, which the compiler then refuses with the node's name.
        if (field.EnumType.FindValueByNumber(number) is { } value)
        {
            _text.Append('"').Append(value.Name).Append('"');
        }
        else
        {
            JsonText.AppendNumber(_text, number);
        }
    }

    private static bool IsPresent(IMessage message, FieldDescriptor field)
        => field.IsRepeated ? ((IList)field.Accessor.GetValue(message)).Count > 0 : field.Accessor.HasValue(message);

    private void WriteName(FieldDescriptor field) => _text.Append('"').Append(field.JsonName).Append("\": ");

    private void StartLine() => _text.Append('\n').Append(' ', _depth);
}
